package fair_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penstock/quality/fair"
)

const second = int64(time.Second)

// held are the callers of a window's rows, the oldest first.
func held(s *fair.Seats) (callers []uint64) {
	s.Each(func(r fair.Row) { callers = append(callers, r.Caller) })
	return callers
}

func sums(callers []uint64) map[uint64]int {
	n := make(map[uint64]int)
	for _, c := range callers {
		n[c]++
	}
	return n
}

// TestOneCallerHasTheNewest: with a single caller, or with others that are all
// different, the oldest row goes, and every row counts.
func TestOneCallerHasTheNewest(t *testing.T) {
	for name, caller := range map[string]func(i int) uint64{
		"one caller":    func(int) uint64 { return 7 },
		"all different": func(i int) uint64 { return uint64(i) },
		"in turn":       func(i int) uint64 { return uint64(i % 5) },
	} {
		s := fair.New(20)
		for i := range 205 {
			place, counts := s.Take(caller(i), int64(i)*second)
			if place != i%20 || !counts {
				t.Fatalf("%s: row %d is at %d, counts %v; expected %d, true", name, i, place, counts, i%20)
			}
		}
	}
}

// TestAFloodHasItsPart: who sends a thousand times as much as three others has a
// quarter of the window, and of what counts, however long it goes on; the others have
// their newest rows.
func TestAFloodHasItsPart(t *testing.T) {
	const most, flood = 200, 9
	s := fair.New(most)
	var at int64
	take := func(caller uint64) bool {
		at += int64(time.Millisecond)
		_, counts := s.Take(caller, at)
		return counts
	}
	for range 1000 { // it was alone before
		take(flood)
	}
	counted := make(map[uint64]int)
	for i := range 3000 {
		caller := uint64(i % 3)
		if take(caller) && i >= 1000 {
			counted[caller]++
		}
		for range 1000 {
			if take(flood) && i >= 1000 {
				counted[flood]++
			}
		}
	}
	n := sums(held(s))
	for caller, rows := range n {
		if rows < most/4-1 || rows > most/4+1 {
			t.Errorf("caller %d has %d rows of %d; expected a quarter", caller, rows, most)
		}
	}
	if others := counted[0] + counted[1] + counted[2]; others < 1900 || counted[flood] > others/3+most {
		t.Errorf("%d rows of the flood count, and %d of the others; expected a third", counted[flood], others)
	}
}

// TestWhoIsGoneKeepsNoRoom: rows of more than an hour ago go first.
func TestWhoIsGoneKeepsNoRoom(t *testing.T) {
	s := fair.New(10)
	for i := range 5 {
		s.Take(1, int64(i)*second)
	}
	for i := range 100 {
		s.Take(2, int64(i+5)*second)
	}
	if n := sums(held(s)); n[1] != 5 || n[2] != 5 {
		t.Errorf("rows %v; expected five of each", n)
	}
	counted := 0
	for i := range 10 {
		if _, counts := s.Take(2, int64(fair.Stale)+int64(200+i)*second); counts {
			counted++
		}
	}
	if n := sums(held(s)); n[2] != 10 || counted < 5 {
		t.Errorf("rows %v, of which %d counted; expected the window to be the other's after an hour", n, counted)
	}
}

// TestSeats compares with the rule in plain words, and with a window that was kept and
// read again.
func TestSeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 12).Draw(t, "most")
		s := fair.New(most)
		type row struct {
			caller uint64
			at     int64
			place  int
		}
		var rows []row // the oldest first
		at := int64(0)
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			caller := rapid.Uint64Range(0, 4).Draw(t, "caller")
			at += rapid.SampledFrom([]int64{0, second, int64(fair.Stale) / 4}).Draw(t, "later")
			want := len(rows)
			if len(rows) == most {
				n := make(map[uint64]int)
				largest := 0
				for _, r := range rows {
					n[r.caller]++
					largest = max(largest, n[r.caller])
				}
				gone := slices.IndexFunc(rows, func(r row) bool { return n[r.caller] == largest })
				if n[caller] > 0 && n[caller]+1 >= largest {
					gone = slices.IndexFunc(rows, func(r row) bool { return r.caller == caller })
				}
				if rows[0].at < at-int64(fair.Stale) {
					gone = 0
				}
				want = rows[gone].place
				rows = slices.Delete(rows, gone, gone+1)
			}
			if rapid.IntRange(0, 20).Draw(t, "restart") == 0 {
				again := fair.New(most)
				places := make(map[int]int)
				s.Each(func(r fair.Row) { places[r.Place] = again.Restore(r) })
				s = again
				for i := range rows {
					rows[i].place = places[rows[i].place]
				}
				if moved, ok := places[want]; ok {
					want = moved
				}
			}
			place, _ := s.Take(caller, at)
			if place != want {
				t.Fatalf("a row of %d is at %d; expected %d", caller, place, want)
			}
			rows = append(rows, row{caller, at, place})
			if s.Rows() != len(rows) || s.Newest() != at {
				t.Fatalf("%d rows until %d; expected %d until %d", s.Rows(), s.Newest(), len(rows), at)
			}
			i := 0
			s.Each(func(r fair.Row) {
				if (row{r.Caller, r.At, r.Place}) != rows[i] {
					t.Fatalf("row %d is %+v; expected %+v", i, r, rows[i])
				}
				i++
			})
		}
	})
}

// BenchmarkTake is of a flood beside a hundred others.
func BenchmarkTake(b *testing.B) {
	s := fair.New(2000)
	i := 0
	for b.Loop() {
		caller := uint64(1000)
		if i++; i%10 == 0 {
			caller = uint64(i / 10 % 100)
		}
		s.Take(caller, int64(i))
	}
}
