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

// binaryCases are client frames, byte by byte: header, then values. They seed
// the fuzzer.
var binaryCases = []struct {
	name  string
	frame []byte
	want  protocol.BinaryMessage
	code  protocol.Code
}{
	{"one row of two float32", unhex("0101" + "0000" + "01000000" + "4d00000000000000" + "00000000" + "00000000" + "0000803f" + "000000c0"),
		protocol.BinaryMessage{Kind: 1, DType: 1, Rows: 1, ID: 77, Values: unhex("0000803f000000c0")}, 0},
	{"two rows of two bytes, every option", unhex("0102" + "0300" + "02000000" + "ffffffffffffffff" + "e8030000" + "01000000" + "00ff8001"),
		protocol.BinaryMessage{Kind: 1, DType: 2, Scores: true, Timing: true, Rows: 2, ID: math.MaxUint64,
			Deadline: time.Millisecond, Model: 1, Values: unhex("00ff8001")}, 0},
	{"feedback for two rows", unhex("0200" + "0000" + "02000000" + "4d00000000000000" + "00000000" + "0000803f"),
		protocol.BinaryMessage{Kind: 2, Rows: 2, ID: 77, Values: unhex("000000000000803f")}, 0},

	{"empty", nil, protocol.BinaryMessage{}, protocol.BadMessage},
	{"shorter than any header", unhex("0101000001000000"), protocol.BinaryMessage{}, protocol.BadMessage},
	{"shorter than a request's header", unhex("0101" + "0000" + "01000000" + "4d00000000000000"), protocol.BinaryMessage{ID: 77}, protocol.BadMessage},
	{"unknown kind", unhex("0301" + "0000" + "01000000" + "4d00000000000000"), protocol.BinaryMessage{ID: 77}, protocol.BadMessage},
	{"JSON", []byte(`{"features":[1,2,3],"request_id":77}`), protocol.BinaryMessage{}, protocol.BadMessage},
	{"JSON after a byte order mark", []byte("\ufeff" + `{"features":[1]}`), protocol.BinaryMessage{}, protocol.BadMessage},
	{"JSON after many spaces", []byte("          \n" + `{"features":[1,2,3],"request_id":77}`), protocol.BinaryMessage{}, protocol.BadMessage},
	{"ping", []byte("ping"), protocol.BinaryMessage{}, protocol.BadMessage},
	{"unknown dtype", unhex("0103" + "0000" + "01000000" + "4d00000000000000" + "0000000000000000"), protocol.BinaryMessage{ID: 77}, protocol.BadMessage},
	{"unknown flag", unhex("0101" + "0400" + "01000000" + "4d00000000000000" + "0000000000000000"), protocol.BinaryMessage{ID: 77}, protocol.BadMessage},
	{"a label too few", unhex("0200" + "0000" + "02000000" + "4d00000000000000" + "00000000"), protocol.BinaryMessage{ID: 77}, protocol.BadLabel},
	{"absurdly many labels", unhex("0200" + "0000" + "ffffffff" + "4d00000000000000" + "00000000"), protocol.BinaryMessage{ID: 77}, protocol.BadLabel},
}

func TestDecodeBinary(t *testing.T) {
	for _, c := range binaryCases {
		t.Run(c.name, func(t *testing.T) {
			var m protocol.BinaryMessage
			err := protocol.DecodeBinary(c.frame, 0, &m)
			if err != nil {
				if err.Code != c.code || m.ID != c.want.ID {
					t.Fatalf("%v with id %d; want %v with %d", err, m.ID, c.code, c.want.ID)
				}
				return
			}
			if c.code != 0 {
				t.Fatalf("accepted as %+v; want %v", m, c.code)
			}
			if diff := cmp.Diff(c.want, m); diff != "" {
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
		var plain, masked protocol.BinaryMessage
		want, got := protocol.DecodeBinary(c.frame, 0, &plain), protocol.DecodeBinary(sent, mask, &masked)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s (-plain +masked)\n%s", c.name, diff)
		}
		if want == nil {
			read := func(m protocol.BinaryMessage) []float32 {
				if m.DType == protocol.DTypeUint8 {
					values, _ := m.AppendFeatures(nil, len(m.Values)/max(m.Rows, 1), 1)
					return values
				}
				return m.Floats()
			}
			if diff := cmp.Diff(read(plain), read(masked), cmpopts.EquateNaNs()); diff != "" {
				t.Fatalf("%s (-plain +masked)\n%s", c.name, diff)
			}
		}
		protocol.Unmask(sent, mask)
		if !bytes.Equal(sent, c.frame) {
			t.Fatalf("%s: unmasked to %x; want %x", c.name, sent, c.frame)
		}
	})
}

func TestAppendFeatures(t *testing.T) {
	pixels := protocol.BinaryMessage{DType: protocol.DTypeUint8, Rows: 2, Values: []byte{0, 1, 254, 255}}
	got, err := pixels.AppendFeatures(nil, 2, 0.5)
	if diff := cmp.Diff([]float32{0, 0.5, 127, 127.5}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if _, err := pixels.AppendFeatures(nil, 2, 0); err == nil || err.Code != protocol.BadFeatures {
		t.Error("a model that takes no bytes took them:", err)
	}
	if _, err := pixels.AppendFeatures(nil, 3, 0.5); err == nil || err.Expected != 6 || err.Got != 4 {
		t.Errorf("a wrong count gave %+v", err)
	}
	huge := protocol.BinaryMessage{DType: protocol.DTypeFloat32, Rows: math.MaxInt32, Values: make([]byte, 4)}
	if _, err := huge.AppendFeatures(nil, math.MaxInt32, 0); err == nil {
		t.Error("2⁶² values were found in four bytes")
	}
}

// A value that is not finite is found wherever it stands, and nothing else is
// taken for one.
func TestAppendFeaturesRefusesWhatIsNotFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float32(), 1, 200).Draw(t, "values")
		bad := -1
		if rapid.Bool().Draw(t, "spoil") {
			bad = rapid.IntRange(0, len(values)-1).Draw(t, "bad")
		}
		var payload []byte
		for i, v := range values {
			bits := math.Float32bits(v)
			if v != v || math.IsInf(float64(v), 0) {
				bits = 0x7f7fffff // the largest finite value
			}
			if i == bad {
				bits = rapid.SampledFrom([]uint32{0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffffffff}).Draw(t, "bits")
			}
			payload = binary.LittleEndian.AppendUint32(payload, bits)
		}
		sent, mask := slices.Clone(payload), rapid.Uint32().Draw(t, "mask")
		protocol.Unmask(sent, mask)
		m := protocol.BinaryMessage{DType: protocol.DTypeFloat32, Rows: 1, Values: sent, Mask: mask}
		got, err := m.AppendFeatures([]float32{42}, len(values), 0)
		if (err != nil) != (bad >= 0) {
			t.Fatalf("bad entry %d: %v", bad, err)
		}
		if err != nil {
			if where := fmt.Sprintf("row 0, entry %d is", bad); !strings.Contains(err.Message, where) || len(got) != 1 {
				t.Fatalf("%q, and %d values; want %q", err.Message, len(got)-1, where)
			}
			return
		}
		for i, v := range got[1:] {
			if math.Float32bits(v) != binary.LittleEndian.Uint32(payload[4*i:]) {
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
		{"prediction", protocol.AppendBinaryPrediction(nil, 77, &protocol.Prediction{
			Rows: 2, Values: []float32{1, 0}, Confidences: []float32{1, 0.5},
		}), "8100" + "0000" + "02000000" + "4d00000000000000" + "00000000" + "00000000" + "0000803f0000803f" + "000000000000003f"},
		{"with scores and timing", protocol.AppendBinaryPrediction(nil, 77, &protocol.Prediction{
			Rows: 1, Values: []float32{1}, Confidences: []float32{1}, Scores: []float32{0, 1},
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
	f.Fuzz(func(t *testing.T, frame []byte, mask uint32) {
		var m protocol.BinaryMessage
		if protocol.DecodeBinary(frame, mask, &m) != nil {
			return
		}
		values := m.Floats()
		if m.Kind == protocol.BinaryPredict {
			var err *protocol.Error
			if values, err = m.AppendFeatures(nil, 3, 1); err != nil {
				return
			}
		}
		if len(values) > len(frame) {
			t.Errorf("%d bytes became %d values", len(frame), len(values))
		}
	})
}
