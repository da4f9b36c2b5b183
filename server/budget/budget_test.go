package budget_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"penstock/server/budget"
)

// TestTheLastEighth is for those who hold nothing.
func TestTheLastEighth(t *testing.T) {
	b := budget.New(800)
	if !b.Take(700, false) {
		t.Fatal("seven eighths were refused")
	}
	if b.Take(1, false) {
		t.Error("one byte of the last eighth went to who holds something")
	}
	if !b.Take(100, true) {
		t.Error("the last eighth was refused to who holds nothing")
	}
	if b.Take(1, true) {
		t.Error("there is more than the limit")
	}
	b.Give(100)
	if !b.Take(50, true) || b.Used() != 750 || b.Refused() != 2 {
		t.Errorf("%d bytes used, %d refusals", b.Used(), b.Refused())
	}
}

func TestNoLimit(t *testing.T) {
	b := budget.New(0)
	for range 1000 {
		if !b.Take(1<<40, false) {
			t.Fatal("refused without a limit")
		}
	}
}

// TestMessagesHaveHalf of the budget, and the one that has held most for longest
// goes first.
func TestMessagesHaveHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.New(1000)
		var dropped []string
		read := func(name string) *budget.Message {
			return b.Read(func() { dropped = append(dropped, name) })
		}
		small, old := read("small and old"), read("old")
		small.Grow(10)
		old.Grow(200)
		time.Sleep(time.Second)
		young := read("young")
		if !young.Grow(280) || len(dropped) > 0 {
			t.Fatalf("dropped %q within half of the budget", dropped)
		}
		time.Sleep(100 * time.Millisecond)
		if !young.Grow(11) || len(dropped) != 1 || dropped[0] != "old" {
			t.Fatalf("dropped %q; want the old one", dropped)
		}
		if old.Grow(1) {
			t.Error("a dropped message goes on")
		}
		old.Done()
		old.Done()
		if b.Used() != 301 || b.Dropped() != 1 {
			t.Errorf("%d bytes used, %d dropped", b.Used(), b.Dropped())
		}
		small.Done()
		young.Done()
		if b.Used() != 0 {
			t.Errorf("%d bytes are left", b.Used())
		}
	})
}

// TestRequestsGoFirst: what is half read makes room for what is whole.
func TestRequestsGoFirst(t *testing.T) {
	b := budget.New(1000)
	gone := false
	m := b.Read(func() { gone = true })
	m.Grow(500)
	if !b.Take(375, false) || gone {
		t.Fatal("there was room for both")
	}
	if !b.Take(300, false) || !gone {
		t.Fatal("a request was refused, and a half-read message kept")
	}
	m.Done()
	if b.Used() != 675 {
		t.Errorf("%d bytes used", b.Used())
	}
}

// TestAMessageLargerThanItsHalf drops itself rather than the others' requests.
func TestAMessageLargerThanItsHalf(t *testing.T) {
	b := budget.New(1000)
	gone := false
	m := b.Read(func() { gone = true })
	if m.Grow(501) || !gone {
		t.Error("half of the budget was exceeded")
	}
	m.Done()
	if b.Used() != 0 {
		t.Errorf("%d bytes are left", b.Used())
	}
}

// TestBooks: whatever comes and goes, used is the sum of what is held, what is
// taken never exceeds the limit but by what is leaving, and nothing is left at
// the end.
func TestBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 1 << 12
		b := budget.New(limit)
		var taken []int64
		reading := make(map[*budget.Message]int64)
		leaving := make(map[*budget.Message]bool)
		sum := func() (all, going int64) {
			for _, n := range taken {
				all += n
			}
			for m, n := range reading {
				all += n
				if leaving[m] {
					going += n
				}
			}
			return all, going
		}
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				n := rapid.Int64Range(1, limit/2).Draw(t, "n")
				if b.Take(n, rapid.Bool().Draw(t, "first")) {
					taken = append(taken, n)
				}
			},
			"give": func(t *rapid.T) {
				if len(taken) > 0 {
					i := rapid.IntRange(0, len(taken)-1).Draw(t, "i")
					b.Give(taken[i])
					taken = append(taken[:i], taken[i+1:]...)
				}
			},
			"read": func(*rapid.T) {
				var m *budget.Message
				m = b.Read(func() { leaving[m] = true })
				reading[m] = 0
			},
			"grow": func(t *rapid.T) {
				for m := range reading {
					n := rapid.Int64Range(1, limit/4).Draw(t, "n")
					was := leaving[m]
					if m.Grow(n); !was {
						reading[m] += n
					}
					return
				}
			},
			"done": func(*rapid.T) {
				for m := range reading {
					m.Done()
					delete(reading, m)
					delete(leaving, m)
					return
				}
			},
			"": func(t *rapid.T) {
				all, going := sum()
				if b.Used() != all {
					t.Fatalf("%d bytes used; %d are held", b.Used(), all)
				}
				if all-going > limit {
					t.Fatalf("%d bytes are held and not leaving; the limit is %d", all-going, limit)
				}
			},
		})
		for m := range reading {
			m.Done()
		}
		for _, n := range taken {
			b.Give(n)
		}
		if b.Used() != 0 {
			t.Fatalf("%d bytes are left", b.Used())
		}
	})
}
