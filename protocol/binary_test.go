package protocol_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"penstock/protocol"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// wantedBinary is what a binary frame says.
type wantedBinary struct {
	protocol.Ask
	values []float32 // features for a model that takes two of them, a byte being itself, or labels
}

// binaryCases are client frames, byte by byte: header, then values. They seed
// the fuzzer.
var binaryCases = []struct {
	name  string
	frame []byte
	want  wantedBinary
	code  protocol.Code
}{
	{"one row of two float32", unhex("0101" + "0000" + "01000000" + "4d00000000000000" + "00000000" + "00000000" + "0000803f" + "000000c0"),
		wantedBinary{protocol.Ask{Kind: protocol.KindPredict, Many: true, Rows: 1, Number: 77}, []float32{1, -2}}, 0},
	{"two rows of two bytes, every option", unhex("0102" + "0300" + "02000000" + "ffffffffffffffff" + "e8030000" + "01000000" + "00ff8001"),
		wantedBinary{protocol.Ask{Kind: protocol.KindPredict, Many: true, Scores: true, Timing: true, Rows: 2, Number: math.MaxUint64,
			Deadline: time.Millisecond, ModelIndex: 1}, []float32{0, 255, 128, 1}}, 0},
	{"feedback for two rows", unhex("0200" + "0000" + "02000000" + "4d00000000000000" + "00000000" + "0000803f"),
		wantedBinary{protocol.Ask{Kind: protocol.KindFeedback, Rows: 2, Number: 77}, []float32{0, 1}}, 0},
	{"feedback of two labels for two rows", unhex("0200" + "0400" + "02000000" + "4d00000000000000" + "00000000" + "0000803f" + "0000803f" + "00000000"),
		wantedBinary{protocol.Ask{Kind: protocol.KindFeedback, Rows: 2, Number: 77}, []float32{0, 1, 1, 0}}, 0},

	{"empty", nil, wantedBinary{}, protocol.BadMessage},
	{"shorter than any header", unhex("0101000001000000"), wantedBinary{}, protocol.BadMessage},
	{"shorter than a request's header", unhex("0101" + "0000" + "01000000" + "4d00000000000000"), wantedBinary{Ask: protocol.Ask{Number: 77}}, protocol.BadMessage},
	{"unknown kind", unhex("0301" + "0000" + "01000000" + "4d00000000000000"), wantedBinary{Ask: protocol.Ask{Number: 77}}, protocol.BadMessage},
	{"JSON", []byte(`{"features":[1,2,3],"request_id":77}`), wantedBinary{}, protocol.BadMessage},
	{"JSON after a byte order mark", []byte("\ufeff" + `{"features":[1]}`), wantedBinary{}, protocol.BadMessage},
	{"JSON after many spaces", []byte("          \n" + `{"features":[1,2,3],"request_id":77}`), wantedBinary{}, protocol.BadMessage},
	{"ping", []byte("ping"), wantedBinary{}, protocol.BadMessage},
	{"unknown dtype", unhex("0103" + "0000" + "01000000" + "4d00000000000000" + "0000000000000000"), wantedBinary{Ask: protocol.Ask{Number: 77}}, protocol.BadMessage},
	{"unknown flag", unhex("0101" + "0400" + "01000000" + "4d00000000000000" + "0000000000000000"), wantedBinary{Ask: protocol.Ask{Number: 77}}, protocol.BadMessage},
	{"a label too few", unhex("0200" + "0000" + "02000000" + "4d00000000000000" + "00000000"), wantedBinary{Ask: protocol.Ask{Number: 77}}, protocol.BadLabel},
	{"three labels for two rows", unhex("0200" + "0400" + "02000000" + "4d00000000000000" + "00000000" + "0000803f" + "0000803f"), wantedBinary{Ask: protocol.Ask{Number: 77}}, protocol.BadLabel},
	{"several labels for no rows", unhex("0200" + "0400" + "00000000" + "4d00000000000000" + "00000000"), wantedBinary{Ask: protocol.Ask{Number: 77}}, protocol.BadLabel},
	{"absurdly many labels", unhex("0200" + "0000" + "ffffffff" + "4d00000000000000" + "00000000"), wantedBinary{Ask: protocol.Ask{Number: 77}}, protocol.BadLabel},
}

// twoBytes is a model of two features that takes bytes as they are.
var twoBytes = protocol.Row{Features: 2, Uint8Scale: 1}

// valuesOf are the features of a binary request, or the labels of feedback.
func valuesOf(t rapid.TB, d *protocol.Decoder, a *protocol.Ask) []float32 {
	t.Helper()
	if a.Kind == protocol.KindFeedback {
		return a.Floats()
	}
	if err := d.Rows(a, &twoBytes); err != nil {
		t.Fatal(err)
	}
	return a.Features
}

func TestDecodeBinary(t *testing.T) {
	for _, c := range binaryCases {
		t.Run(c.name, func(t *testing.T) {
			var d protocol.Decoder
			var a protocol.Ask
			err := d.DecodeBinary(c.frame, 0, &a)
			if !a.Binary || a.Number != c.want.Number || string(a.ID) != fmt.Sprint(a.Number) {
				t.Errorf("binary %v, with id %d, in decimal %s; want %d", a.Binary, a.Number, a.ID, c.want.Number)
			}
			if err != nil {
				if err.Code != c.code {
					t.Fatalf("%v; want %v", err, c.code)
				}
				return
			}
			if c.code != 0 {
				t.Fatalf("accepted as %+v; want %v", a, c.code)
			}
			if got := valuesOf(t, &d, &a); !slices.Equal(got, c.want.values) {
				t.Errorf("values %v; want %v", got, c.want.values)
			}
			diff := cmp.Diff(c.want.Ask, a, cmpopts.IgnoreUnexported(protocol.Ask{}), cmpopts.IgnoreFields(protocol.Ask{}, "Binary", "ID", "Features", "Width", "Labels"))
			if diff != "" {
				t.Error("(-want +got)\n", diff)
			}
		})
	}
}

// A frame that is masked reads as one that is not.
func TestDecodeBinaryMasked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(binaryCases).Draw(t, "case")
		mask := rapid.Uint32().Draw(t, "mask")
		sent := slices.Clone(c.frame)
		for i := range sent { // RFC 6455, section 5.3
			sent[i] ^= byte(mask >> (8 * (i % 4)))
		}
		var d protocol.Decoder
		var a protocol.Ask
		err := d.DecodeBinary(sent, mask, &a)
		if codeOf(err) != c.code || a.Number != c.want.Number {
			t.Fatalf("%s: %v for %d; want %v for %d", c.name, err, a.Number, c.code, c.want.Number)
		}
		if err == nil {
			if got := valuesOf(t, &d, &a); !slices.Equal(got, c.want.values) {
				t.Fatalf("%s: values %v; want %v", c.name, got, c.want.values)
			}
		}
		protocol.Unmask(sent, mask)
		if !bytes.Equal(sent, c.frame) {
			t.Fatalf("%s: unmasked to %x; want %x", c.name, sent, c.frame)
		}
	})
}

// request is a binary request of so many rows, masked.
func request(dtype byte, rows uint32, values []byte, mask uint32) []byte {
	frame := append(make([]byte, 24), values...)
	frame[0], frame[1] = protocol.BinaryPredict, dtype
	binary.LittleEndian.PutUint32(frame[4:], rows)
	protocol.Unmask(frame, mask)
	return frame
}

func TestRowsOfBytes(t *testing.T) {
	var d protocol.Decoder
	for _, c := range []struct {
		row           protocol.Row
		want          []float32
		expected, got int
	}{
		{row: protocol.Row{Features: 2, Uint8Scale: 0.5}, want: []float32{0, 0.5, 127, 127.5}},
		{row: protocol.Row{Features: 2}},
		{row: protocol.Row{Features: 3, Uint8Scale: 0.5}, expected: 6, got: 4},
	} {
		var a protocol.Ask
		if err := d.DecodeBinary(request(protocol.DTypeUint8, 2, []byte{0, 1, 254, 255}, 0), 0, &a); err != nil {
			t.Fatal(err)
		}
		err := d.Rows(&a, &c.row)
		switch {
		case c.want == nil && (codeOf(err) != protocol.BadFeatures || err.Expected != c.expected || err.Got != c.got):
			t.Errorf("%+v: %+v; want bad_features, with expected %d and got %d", c.row, err, c.expected, c.got)
		case c.want != nil && (err != nil || !slices.Equal(a.Features, c.want)):
			t.Errorf("%+v: %v, %v; want %v", c.row, a.Features, err, c.want)
		}
	}
	var a protocol.Ask
	if err := d.DecodeBinary(request(protocol.DTypeFloat32, math.MaxInt32, make([]byte, 4), 0), 0, &a); err != nil {
		t.Fatal(err)
	}
	if err := d.Rows(&a, &protocol.Row{Features: math.MaxInt32}); err == nil {
		t.Error("2⁶² values were found in four bytes")
	}
}

// A value that is not finite is found wherever it stands, and nothing else is
// taken for one. NaN passes where the feature may be missing, or is filled in.
func TestRowsRefuseWhatIsNotFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float32(), 1, 200).Draw(t, "values")
		bad := -1
		if rapid.Bool().Draw(t, "spoil") {
			bad = rapid.IntRange(0, len(values)-1).Draw(t, "bad")
		}
		var payload []byte
		isNaN := false
		for i, v := range values {
			bits := math.Float32bits(v)
			if v != v || math.IsInf(float64(v), 0) {
				bits = 0x7f7fffff // the largest finite value
			}
			if i == bad {
				bits = rapid.SampledFrom([]uint32{0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffffffff}).Draw(t, "bits")
				isNaN = bits&0x7fffff != 0
			}
			payload = binary.LittleEndian.AppendUint32(payload, bits)
		}
		row := protocol.Row{Features: len(values)}
		passes := bad < 0
		if rapid.Bool().Draw(t, "some may miss") {
			row.MayMiss = rapid.SliceOfN(rapid.Bool(), len(values), len(values)).Draw(t, "may miss")
			passes = passes || isNaN && row.MayMiss[bad]
			if rapid.Bool().Draw(t, "fill") {
				row.Fill = slices.Repeat([]float32{42}, len(values))
			}
		}
		mask := rapid.Uint32().Draw(t, "mask")
		var d protocol.Decoder
		a := protocol.Ask{Features: []float32{42}}
		if err := d.DecodeBinary(request(protocol.DTypeFloat32, 1, payload, mask), mask, &a); err != nil {
			t.Fatal(err)
		}
		err := d.Rows(&a, &row)
		if (err == nil) != passes {
			t.Fatalf("bad entry %d: %v", bad, err)
		}
		if err != nil {
			if where := fmt.Sprintf("row 0, entry %d is", bad); !strings.Contains(err.Message, where) {
				t.Fatalf("%q; want %q", err.Message, where)
			}
			return
		}
		for i, v := range a.Features {
			want := binary.LittleEndian.Uint32(payload[4*i:])
			if i == bad && row.Fill != nil {
				want = math.Float32bits(42)
			}
			if math.Float32bits(v) != want {
				t.Fatalf("value %d changed", i)
			}
		}
	})
}

func TestBinaryReplies(t *testing.T) {
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"prediction", protocol.AppendBinaryPrediction(nil, 77, digits, &protocol.Prediction{
			Rows: 2, First: decided([]float32{1, 0}, []float32{1, 0.5}), Scores: []float32{0, 1, 0.5, 0.5},
		}), "8100" + "0000" + "02000000" + "4d00000000000000" + "00000000" + "00000000" + "0000803f0000803f" + "000000000000003f"},
		{"with scores and timing", protocol.AppendBinaryPrediction(nil, 77, digits, &protocol.Prediction{
			Rows: 1, First: decided([]float32{1}, []float32{1}), Scores: []float32{0, 1}, WithScores: true,
			Timing: &protocol.Timing{Queue: time.Millisecond, Compute: 2 * time.Microsecond},
		}), "8100" + "0300" + "01000000" + "4d00000000000000" + "e8030000" + "02000000" + "0000803f0000803f" + "000000000000803f"},
		{"error", protocol.AppendBinaryError(nil, 77, &protocol.Error{Code: protocol.Overloaded, Message: "full", RetryAfter: 5 * time.Millisecond}),
			"ff08" + "0100" + "05000000" + "4d00000000000000" + hex.EncodeToString([]byte("full"))},
		{"feedback_ok", protocol.AppendBinaryFeedbackOK(nil, 77, 2, []bool{true, false}), "8200" + "0000" + "02000000" + "4d00000000000000" + "0100"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

func FuzzDecodeBinary(f *testing.F) {
	for _, c := range binaryCases {
		f.Add(c.frame, uint32(0))
		f.Add(c.frame, uint32(0x04030201))
	}
	rows := []protocol.Row{
		{Features: 3, Uint8Scale: 1}, {Features: 2, Shift: []float64{1, 0}, Uint8Scale: 1, MayMiss: []bool{true, false}, Fill: []float32{0, 0}},
		{Features: 1, Columns: protocol.NewColumns([]protocol.Column{{Name: "c", Kind: "category", Categories: []string{"a", "b"}}})},
	}
	f.Fuzz(func(t *testing.T, frame []byte, mask uint32) {
		for i := range rows {
			var d protocol.Decoder
			var a protocol.Ask
			if d.DecodeBinary(frame, mask, &a) != nil {
				return
			}
			values := a.Floats()
			if a.Kind == protocol.KindPredict {
				if d.Rows(&a, &rows[i]) != nil {
					continue
				}
				values = a.Features
				if len(values) != a.Rows*rows[i].Features {
					t.Errorf("%d values for %d rows of %d", len(values), a.Rows, rows[i].Features)
				}
			}
			if len(values) > len(frame) {
				t.Errorf("%d bytes became %d values", len(frame), len(values))
			}
		}
	})
}
