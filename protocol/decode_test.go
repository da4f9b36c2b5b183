package protocol_test

import (
	"fmt"
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
			var m protocol.Message
			err := d.Decode([]byte(c.frame), &m)
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
				if diff := cmp.Diff(c.want, m, cmpopts.EquateEmpty()); diff != "" {
					t.Error("(-want +got)\n", diff)
				}
			}
		})
	}
}

// A message says nothing of the one before it.
func TestDecodeForgetsThePreviousMessage(t *testing.T) {
	var d protocol.Decoder
	var reused protocol.Message
	for _, c := range decodeCases {
		if c.code != 0 {
			continue
		}
		var fresh protocol.Message
		if err := new(protocol.Decoder).Decode([]byte(c.frame), &fresh); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode([]byte(c.frame), &reused); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fresh, reused, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-fresh +reused)\n%s", c.name, diff)
		}
	}
}

func TestDecodeCountsRowsAndFeatures(t *testing.T) {
	d := protocol.Decoder{MaxRows: 4}
	var m protocol.Message
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
	var m protocol.Message
	allocs := testing.AllocsPerRun(100, func() {
		if err := d.Decode(frame, &m); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations; want none", allocs)
	}
}

func BenchmarkDecodePredict(b *testing.B) {
	for _, features := range []int{4, 64, 784} {
		b.Run(fmt.Sprintf("features=%d", features), func(b *testing.B) {
			frame := []byte(predictMessage(features))
			var d protocol.Decoder
			var m protocol.Message
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				if err := d.Decode(frame, &m); err != nil {
					b.Fatal(err)
				}
			}
		})
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
		var m protocol.Message
		err := (&protocol.Decoder{MaxRows: 1024}).Decode([]byte(frame), &m)
		if accepted := err == nil; accepted != (name == "many keys" || name == "long fraction") {
			t.Errorf("%s: %v", name, err)
		}
		if cap(m.Features) > n {
			t.Errorf("%s: memory for %d features", name, cap(m.Features))
		}
	}
}
