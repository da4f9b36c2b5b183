package protocol_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"penstock/protocol"
)

func TestDecode(t *testing.T) {
	for _, c := range decodeCases {
		t.Run(c.name, func(t *testing.T) {
			d := protocol.Decoder{MaxRows: 4}
			var m protocol.Ask
			err := read(&d, []byte(c.frame), &m)
			switch {
			case c.code == 0 && err != nil:
				t.Fatalf("refused: %v", err)
			case c.code != 0 && err == nil:
				t.Fatalf("accepted as %+v; want %v", m, c.code)
			case err != nil:
				if err.Code != c.code {
					t.Errorf("refused with %v; want %v", err, c.code)
				}
				if err.Message == "" {
					t.Error("the error has no message")
				}
				if string(m.ID) != string(c.want.ID) {
					t.Errorf("request_id %q; want %q", m.ID, c.want.ID)
				}
			default:
				if diff := cmp.Diff(c.want, m, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(protocol.Ask{})); diff != "" {
					t.Error("(-want +got)\n", diff)
				}
			}
		})
	}
}

// A message says nothing of the one before it.
func TestDecodeForgetsThePreviousMessage(t *testing.T) {
	var d protocol.Decoder
	var reused protocol.Ask
	for _, c := range decodeCases {
		if c.code != 0 {
			continue
		}
		var fresh protocol.Ask
		if err := new(protocol.Decoder).Decode([]byte(c.frame), &fresh); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode([]byte(c.frame), &reused); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fresh, reused, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(protocol.Ask{})); diff != "" {
			t.Errorf("%s (-fresh +reused)\n%s", c.name, diff)
		}
	}
}

func TestDecodeCountsRowsAndFeatures(t *testing.T) {
	d := protocol.Decoder{MaxRows: 4}
	var m protocol.Ask
	err := d.Decode([]byte(`{"features":[[1],[2],[3],[4],[5]]}`), &m)
	if err == nil || !err.HasCounts || err.Expected != 4 || err.Got != 5 {
		t.Errorf("got %+v; want expected 4, got 5", err)
	}
	err = d.Decode([]byte(`{"features":[[1,2],[3]]}`), &m)
	if err == nil || !err.HasCounts || err.Expected != 2 || err.Got != 1 {
		t.Errorf("got %+v; want expected 2, got 1", err)
	}
}

// The way of a prediction allocates nothing once its memory has grown.
func TestDecodePredictDoesNotAllocate(t *testing.T) {
	frame := []byte(predictMessage(64))
	var d protocol.Decoder
	var m protocol.Ask
	allocs := testing.AllocsPerRun(100, func() {
		if err := d.Decode(frame, &m); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations; want none", allocs)
	}
}

// Messages differ, as they do in service: from one message the processor would
// learn which branch every digit takes.
func BenchmarkDecodePredict(b *testing.B) {
	const distinct = 1 << 20 // bytes
	pixel := grey()
	for _, kind := range []struct {
		name     string
		features int
		number   func(rng *rand.Rand) string
		comma    string
	}{
		{"seven digits", 4, sevenDigits, ","},
		{"seven digits", 64, sevenDigits, ","},
		{"bytes", 784, func(rng *rand.Rand) string { return strconv.Itoa(rng.IntN(256)) }, ","},
		{"pixels", 784, func(rng *rand.Rand) string { return shortest(float64(float32(pixel(rng))/255), 32) }, ","},
		{"pixels as Python writes them", 784, func(rng *rand.Rand) string {
			s := shortest(float64(pixel(rng))/255, 64)
			if !strings.Contains(s, ".") {
				s += ".0"
			}
			return s
		}, ", "},
	} {
		b.Run(fmt.Sprintf("%s/features=%d", kind.name, kind.features), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			var frames [][]byte
			bytes := 0
			for bytes < distinct {
				numbers := make([]string, kind.features)
				for i := range numbers {
					numbers[i] = kind.number(rng)
				}
				frame := fmt.Appendf(nil, `{"features":[%s],"request_id":%d}`, strings.Join(numbers, kind.comma), len(frames))
				frames = append(frames, frame)
				bytes += len(frame)
			}
			var d protocol.Decoder
			var m protocol.Ask
			b.SetBytes(int64(bytes / len(frames)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := d.Decode(frames[i%len(frames)], &m); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(kind.features), "ns/number")
		})
	}
}

func sevenDigits(rng *rand.Rand) string { return strconv.FormatFloat(rng.NormFloat64(), 'g', 7, 32) }

func shortest(f float64, bits int) string { return strconv.FormatFloat(f, 'g', -1, bits) }

// grey returns the pixels of written digits, of which four in five are paper:
// as in MNIST, strokes of 6 pixels on average are 25 apart.
func grey() func(*rand.Rand) uint8 {
	paper, left := false, 0
	return func(rng *rand.Rand) uint8 {
		for left == 0 {
			paper = !paper
			left = int(rng.ExpFloat64() * 6)
			if paper {
				left = int(rng.ExpFloat64() * 25)
			}
		}
		left--
		if paper {
			return 0
		}
		return uint8(1 + rng.IntN(255))
	}
}

// predictMessage has numbers as they come out of a float32 in most languages.
func predictMessage(features int) string {
	var s strings.Builder
	s.WriteString(`{"features":[`)
	for i := range features {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, "%.7g", float64((i*7919)%2000-1000)/997)
	}
	s.WriteString(`],"request_id":1732212000123}`)
	return s.String()
}

// Hostile messages cost time linear in their length: none of these megabytes
// may take as long as a quadratic reading would (minutes).
func TestDecodeHostileMessages(t *testing.T) {
	const n = 1 << 20
	keys := new(strings.Builder)
	for i := range 100_000 {
		fmt.Fprintf(keys, `"k%d":0,`, i)
	}
	for name, frame := range map[string]string{
		"long number":       `{"features":[` + strings.Repeat("1", n) + `]}`,
		"long fraction":     `{"features":[0.` + strings.Repeat("3", n) + `]}`,
		"long exponent":     `{"features":[1e` + strings.Repeat("9", n) + `]}`,
		"long string":       `{"request_id":"` + strings.Repeat("a", n) + `"}`,
		"escapes":           `{"request_id":"` + strings.Repeat(`\u0061`, n/6) + `"}`,
		"many keys":         `{` + keys.String() + `"features":[1]}`,
		"open brackets":     strings.Repeat("[", n),
		"nested objects":    strings.Repeat(`{"a":`, n/5),
		"many bad features": `{"features":[` + strings.Repeat("null,", n/5) + `1]}`,
		"a million rows":    `{"features":[` + strings.Repeat("[1],", n/4) + `[1]]}`,
		"spaces":            strings.Repeat(" ", n),
	} {
		var m protocol.Ask
		err := read(&protocol.Decoder{MaxRows: 1024}, []byte(frame), &m)
		if accepted := err == nil; accepted != (name == "long fraction") {
			t.Errorf("%s: %v", name, err)
		}
		if cap(m.Features) > n {
			t.Errorf("%s: memory for %d features", name, cap(m.Features))
		}
	}
}

// TestMoreLabelsThanRows are refused, and not kept.
func TestMoreLabelsThanRows(t *testing.T) {
	d := protocol.Decoder{MaxRows: 4}
	var m protocol.Ask
	for labels, code := range map[string]protocol.Code{`1,2,3,"4"`: 0, `1,2,3,4,"5"`: protocol.BadLabel, `1,2,3,4,5,6,[]`: protocol.BadLabel} {
		err := d.Decode([]byte(`{"type":"feedback","request_id":9,"labels":[`+labels+`]}`), &m)
		if code == 0 && err != nil || code != 0 && (err == nil || err.Code != code) || len(m.Labels) != 4 {
			t.Errorf("%s: %v, and %d labels are kept", labels, err, len(m.Labels))
		}
	}
}
