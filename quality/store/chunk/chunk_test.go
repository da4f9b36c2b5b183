package chunk_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"penstock/quality"
	"penstock/quality/store/chunk"
	"penstock/quality/store/internal/made"
)

// alike compares to the last bit: NaN is as good as any other number, and 0 is not −0.
var alike = cmp.Options{
	cmp.Comparer(func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }),
	cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }),
	cmp.Comparer(func(a, b quality.Scope) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

// again writes o, and reads it with a coder that has read and written other things.
func again(t *rapid.T, o *quality.Outcomes) quality.Outcomes {
	var c chunk.Coder
	got := quality.Outcomes{Model: o.Model, Version: o.Version, Kind: o.Kind, Classes: o.Classes}
	other := (&made.Stream{Random: rand.New(rand.NewPCG(1, 2)), Kind: "labels", Classes: made.Classes(3), Clients: 3, Rate: 100, Delay: 5}).Take(20)
	for _, one := range []*quality.Outcomes{&other, o} {
		blob, err := c.Append(nil, one, 0, one.Len())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Read(blob, &got); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func TestSameAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := outcomes().Draw(t, "outcomes")
		if diff := cmp.Diff(o, again(t, &o), alike); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSameAgainOfStreams(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := made.Stream{
			Random:  rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)),
			Kind:    rapid.SampledFrom([]string{"class", "labels", "values"}).Draw(t, "kind"),
			Classes: made.Classes(rapid.IntRange(2, 30).Draw(t, "classes")),
			Width:   rapid.IntRange(1, 3).Draw(t, "width"),
			Clients: rapid.IntRange(1, 50).Draw(t, "clients"),
			Rate:    1e4, Delay: 60,
		}
		o := s.Take(rapid.IntRange(1, 300).Draw(t, "rows"))
		if diff := cmp.Diff(o, again(t, &o), alike); diff != "" {
			t.Error(diff)
		}
	})
}

// outcomes are any that fit together, also such as no judge would make.
func outcomes() *rapid.Generator[quality.Outcomes] {
	return rapid.Custom(func(t *rapid.T) quality.Outcomes {
		n, width, labelWidth := rapid.IntRange(1, 20).Draw(t, "rows"), rapid.IntRange(0, 3).Draw(t, "width"), rapid.IntRange(0, 3).Draw(t, "label width")
		maybe := func(name string) int { return n * rapid.IntRange(0, 1).Draw(t, name) }
		float, sets := rapid.Float32(), maybe("sets")
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`"?[a-c]{0,2}[0-9]{0,22}"?`), rapid.Just(`17`), rapid.Just(`"x"`))
		return quality.Outcomes{
			Kind: "any", Width: width, LabelWidth: labelWidth,
			Predicted: draw(t, rapid.Int64(), n), Labelled: draw(t, rapid.Int64(), n),
			Scopes: draw(t, rapid.Custom(scope), n), IDs: draw(t, text, n), Rows: draw(t, rapid.Uint32(), n),
			Callers: draw(t, text, n), Names: draw(t, rapid.String(), n),
			Values: draw(t, float, n*width), Confidences: draw(t, float, maybe("confidences")*width),
			Truths: draw(t, rapid.OneOf(rapid.Float64(), rapid.Just(1.0)), n*labelWidth), Verdicts: draw(t, rapid.Custom(verdict), n),
			Shown: draw(t, float, maybe("shown")), Probability: draw(t, float, maybe("probability")), Squares: draw(t, float, maybe("squares")),
			SetSize: draw(t, rapid.Uint16(), sets), Covered: draw(t, rapid.Bool(), sets), Slices: draw(t, rapid.Uint8(), maybe("slices")),
		}
	})
}

func draw[T any](t *rapid.T, g *rapid.Generator[T], n int) []T {
	return rapid.SliceOfN(g, n, n).Draw(t, "column")
}

func scope(t *rapid.T) quality.Scope {
	var b [16]byte
	b[rapid.IntRange(0, 15).Draw(t, "at")] = byte(rapid.IntRange(0, 2).Draw(t, "scope"))
	return quality.ScopeFrom(b)
}

func verdict(t *rapid.T) quality.Verdict {
	return quality.Verdict{Correct: rapid.Bool().Draw(t, "correct"), Distance: rapid.Float64().Draw(t, "distance"), Squared: rapid.Float64().Draw(t, "squared")}
}

// TestFits cuts what is too much for one blob, and leaves no row out.
func TestFits(t *testing.T) {
	s := made.Stream{Random: rand.New(rand.NewPCG(1, 0)), Kind: "values", Width: 400, Clients: 1, Rate: 1e6, Delay: 1}
	o := s.Take(6000)
	o.IDs[5000] = string(make([]byte, 20<<20))
	var c chunk.Coder
	rows, blobs := 0, 0
	for from := 0; from < o.Len(); blobs++ {
		to := from + chunk.Fits(&o, from)
		blob, err := c.Append(nil, &o, from, to)
		if err != nil {
			t.Fatal(err)
		}
		var got quality.Outcomes
		if err := c.Read(blob, &got); err != nil {
			t.Fatal(err)
		}
		rows += got.Len()
		from = to
	}
	if rows != o.Len() || blobs < 4 {
		t.Errorf("%d rows in %d blobs; expected %d in 4 or more", rows, blobs, o.Len())
	}
}

func TestRefuses(t *testing.T) {
	s := made.Stream{Random: rand.New(rand.NewPCG(1, 0)), Kind: "class", Classes: made.Classes(10), Clients: 3, Rate: 1e4, Delay: 1}
	o := s.Take(50)
	var c chunk.Coder
	blob, err := c.Append(nil, &o, 0, o.Len())
	if err != nil {
		t.Fatal(err)
	}
	var got quality.Outcomes
	seen := 0
	for i := range blob { // no damage makes other rows; some is in bits that mean nothing
		damaged := append([]byte(nil), blob...)
		damaged[i] ^= 0x10
		got.Kind, got.Model, got.Version, got.Classes = o.Kind, o.Model, o.Version, o.Classes
		if err := c.Read(damaged, &got); err != nil {
			seen++
		} else if diff := cmp.Diff(o, got, alike); diff != "" {
			t.Errorf("byte %d: %s", i, diff)
		}
	}
	if seen < len(blob)*9/10 {
		t.Errorf("the damage of %d of %d bytes was seen", seen, len(blob))
	}
	if err := c.Read(blob[:len(blob)-1], &got); !errors.Is(err, chunk.ErrDamaged) {
		t.Errorf("cut off: %v", err)
	}
	var form *chunk.FormError
	if err := c.Read(append([]byte{9}, blob[1:]...), &got); !errors.As(err, &form) || form.Form != 9 {
		t.Errorf("another form: %v", err)
	}
	o.Squares = o.Squares[1:]
	if _, err := c.Append(nil, &o, 0, 10); err == nil {
		t.Error("columns that do not fit together were written")
	}
}

func FuzzRead(f *testing.F) {
	var c chunk.Coder
	for i, kind := range []string{"class", "labels", "values"} {
		s := made.Stream{Random: rand.New(rand.NewPCG(uint64(i), 0)), Kind: kind, Classes: made.Classes(4), Width: 2, Clients: 3, Rate: 1e4, Delay: 1}
		o := s.Take(20)
		body, err := c.Body(&o)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var o quality.Outcomes
		if err := c.ReadBody(body, &o); err != nil {
			if !errors.Is(err, chunk.ErrDamaged) {
				t.Errorf("%v is not ErrDamaged", err)
			}
			return
		}
		if len(o.Values)+len(o.Truths) > 1<<16 {
			return // a few bytes can say that many numbers are the same
		}
		first, err := c.Body(&o)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		var again quality.Outcomes
		if err := c.ReadBody(first, &again); err != nil {
			t.Fatal(err)
		}
		second, err := c.Body(&again)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Error("what was written again is not the same")
		}
	})
}

// BenchmarkAppend tells what a row takes: time, and bytes of the blob.
func BenchmarkAppend(b *testing.B) {
	for _, kind := range []string{"class", "values"} {
		b.Run(kind, func(b *testing.B) {
			s := made.Stream{Random: rand.New(rand.NewPCG(1, 0)), Kind: kind, Classes: made.Classes(10), Width: 1, Clients: 100, Rate: 1e5, Delay: 60}
			o := s.Take(50_000)
			var c chunk.Coder
			var blob []byte
			for b.Loop() {
				var err error
				if blob, err = c.Append(blob[:0], &o, 0, o.Len()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(blob))/float64(o.Len()), "B/row")
			b.ReportMetric(float64(o.Len())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkRead is the way back.
func BenchmarkRead(b *testing.B) {
	s := made.Stream{Random: rand.New(rand.NewPCG(1, 0)), Kind: "class", Classes: made.Classes(10), Width: 1, Clients: 100, Rate: 1e5, Delay: 60}
	o := s.Take(50_000)
	var c chunk.Coder
	blob, err := c.Append(nil, &o, 0, o.Len())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := c.Read(blob, &o); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(o.Len())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func ExampleFits() {
	s := made.Stream{Random: rand.New(rand.NewPCG(1, 0)), Kind: "class", Classes: made.Classes(10), Clients: 1, Rate: 1e5, Delay: 60}
	o := s.Take(100_000)
	fmt.Println(chunk.Fits(&o, 0), chunk.Fits(&o, 65536))
	// Output: 65536 34464
}
