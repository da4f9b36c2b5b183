package budget_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"penstock/server/budget"
)

// TestTheLastEighths: one is for holders who have little, where there are
// several, and of the rest one for sockets that have nothing.
func TestTheLastEighths(t *testing.T) {
	b := budget.New(8 << 20)
	const eighth = 1 << 20
	alone := b.Enter("alone")
	if alone.Take(7*eighth+1, false) || !alone.Take(7*eighth, false) {
		t.Fatal("a lone holder has seven eighths for sockets that hold something")
	}
	if alone.Take(1, false) || !alone.Take(eighth, true) || alone.Take(1, true) {
		t.Error("the last eighth is for sockets that hold nothing, and no more")
	}
	alone.Give(2 * eighth)
	other := b.Enter("other")
	if alone.Take(1, false) || !alone.Take(eighth, true) || alone.Take(1, true) {
		t.Error("of two, who holds much has six eighths, and seven for a socket that holds nothing")
	}
	if !other.Take(eighth/2, false) || other.Take(1, false) {
		t.Error("who holds little has its part of the last eighth, and no more")
	}
	if b.Used() != 7*eighth+eighth/2 || b.Refused() != 6 {
		t.Errorf("%d bytes used, %d refusals", b.Used(), b.Refused())
	}
	other.Give(eighth / 2)
	other.Leave()
	if !alone.Take(eighth, true) {
		t.Error("a holder that left is still cared for")
	}
}

func TestNoLimit(t *testing.T) {
	h := budget.New(0).Enter("")
	for range 1000 {
		if !h.Take(1<<40, false) {
			t.Fatal("refused without a limit")
		}
	}
}

// TestWhoReadsMostGoesFirst, though each of its messages is smaller and younger.
func TestWhoReadsMostGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.New(2000)
		honest, hog := b.Enter("honest"), b.Enter("hog")
		gone := make(map[string]int)
		one := honest.Read(func() { gone["honest"]++ })
		one.Grow(200)
		time.Sleep(time.Second)
		var many []*budget.Message
		for range 100 {
			m := hog.Read(func() { gone["hog"]++ })
			m.Grow(20)
			many = append(many, m)
			time.Sleep(10 * time.Millisecond)
		}
		if gone["hog"] < 50 || gone["honest"] > 0 {
			t.Errorf("dropped %v", gone)
		}
		for _, m := range append(many, one) {
			m.Done()
		}
		if b.Used() != 0 {
			t.Errorf("%d bytes are left", b.Used())
		}
	})
}

// TestMessagesHaveHalf of the budget, and the one that has held most for longest
// goes first.
func TestMessagesHaveHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.New(1000)
		h := b.Enter("only")
		var dropped []string
		read := func(name string) *budget.Message {
			return h.Read(func() { dropped = append(dropped, name) })
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
	h := b.Enter("only")
	gone := false
	m := h.Read(func() { gone = true })
	m.Grow(500)
	if !h.Take(375, false) || gone {
		t.Fatal("there was room for both")
	}
	if !h.Take(300, false) || !gone {
		t.Fatal("a request was refused, and a half-read message kept")
	}
	m.Done()
	if b.Used() != 675 {
		t.Errorf("%d bytes used", b.Used())
	}
}

// TestWhoHoldsMuchDropsOnlyItsOwn: requests that cannot be let in cost others
// nothing, and those that could do not cost who holds less.
func TestWhoHoldsMuchDropsOnlyItsOwn(t *testing.T) {
	const unit = 1 << 20
	b := budget.New(8 * unit)
	hog, honest := b.Enter("hog"), b.Enter("honest")
	m := honest.Read(func() { t.Error("an honest message was dropped") })
	if !m.Grow(unit / 4) {
		t.Fatal("there was room")
	}
	if !hog.Take(6*unit-unit/4, false) {
		t.Fatal("there was room")
	}
	for range 100 {
		if hog.Take(unit/8, false) || hog.Take(2*unit, true) {
			t.Fatal("there was no room")
		}
	}
	if !hog.Take(unit, true) {
		t.Fatal("there was room for a socket that holds nothing")
	}
	if !m.Grow(unit / 4) {
		t.Error("the last eighth is not for who holds little")
	}
	m.Done()
}

// TestWholeMessagesStay counted, and are not dropped.
func TestWholeMessagesStay(t *testing.T) {
	b := budget.New(1000)
	h := b.Enter("only")
	m := h.Read(func() { t.Error("a message that came whole was dropped") })
	m.Grow(400)
	if kept := m.Keep(); kept != 400 || b.Used() != 400 {
		t.Fatalf("%d bytes are kept, %d counted", kept, b.Used())
	}
	m.Done()
	if h.Take(700, true) {
		t.Error("there is room for more than the limit")
	}
	h.Give(400)
	if b.Used() != 0 {
		t.Errorf("%d bytes are left", b.Used())
	}
}

// TestAMessageLargerThanItsHalf drops itself rather than the others' requests.
func TestAMessageLargerThanItsHalf(t *testing.T) {
	b := budget.New(1000)
	h := b.Enter("only")
	gone := false
	m := h.Read(func() { gone = true })
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
		h := b.Enter("only")
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
				if h.Take(n, rapid.Bool().Draw(t, "first")) {
					taken = append(taken, n)
				}
			},
			"give": func(t *rapid.T) {
				if len(taken) > 0 {
					i := rapid.IntRange(0, len(taken)-1).Draw(t, "i")
					h.Give(taken[i])
					taken = append(taken[:i], taken[i+1:]...)
				}
			},
			"read": func(*rapid.T) {
				var m *budget.Message
				m = h.Read(func() { leaving[m] = true })
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
			h.Give(n)
		}
		if b.Used() != 0 {
			t.Fatalf("%d bytes are left", b.Used())
		}
	})
}
