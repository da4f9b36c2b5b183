package protocol

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Features lose what is taken off them while they are float64, wherever they
// stand in the message, and only then become float32.
func TestShift(t *testing.T) {
	cases := []struct {
		name, frame string
		shift       []float64
		want        []float32
	}{
		{"one row", `{"features":[1732212000,1732212001.5,-3]}`, []float64{1732212000, 1732212000, 0}, []float32{0, 1.5, -3}},
		{"rows", `{"features":[[1732212001, 2],[1732212064,3e0]],"request_id":7}`, []float64{1732212000, 0}, []float32{1, 2, 64, 3}},
		{"other fields before and after", "{\"model\":\"[1,2]\",\"request_id\":\"a\",\"features\" : [ 100001 ,\n\t100002\t] ,\"labels\":[1]}", []float64{1e5, 1e5}, []float32{1, 2}},
		{"negative, exponents, fractions", `{"features":[-1.0000001e5,1.00000625E+5]}`, []float64{-1e5, 1e5}, []float32{-0.01, 0.625}},
		{"many digits", `{"features":[100000.` + strings.Repeat("0", 70) + `,1` + strings.Repeat("0", 5) + `.5]}`, []float64{1e5, 1e5}, []float32{0, 0.5}},
		{"nothing to take off", `{"features":[0.1,16777217]}`, []float64{0, 0}, []float32{0.1, 16777216}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var d Decoder
			var m Ask
			if err := d.Decode([]byte(c.frame), &m); err != nil {
				t.Fatal(err)
			}
			if err := d.Rows(&m, &Row{Features: len(c.shift), Shift: c.shift}); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(m.Features) != fmt.Sprint(c.want) {
				t.Errorf("features %v; want %v", m.Features, c.want)
			}
		})
	}
}

// What is finite must stay so.
func TestShiftBeyondFloat32(t *testing.T) {
	var d Decoder
	var m Ask
	if err := d.Decode([]byte(`{"features":[[0],[3e38]]}`), &m); err != nil {
		t.Fatal(err)
	}
	if err := d.Rows(&m, &Row{Features: 1, Shift: []float64{-3e38}}); err == nil || err.Code != BadFeatures || !strings.Contains(err.Message, "row 1, entry 0") {
		t.Errorf("Shift: %v; want bad_features about row 1, entry 0", err)
	}
}

func TestShiftIsTheDifferenceInFloat64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 70).Draw(t, "width")
		shift := rapid.SliceOfN(rapid.OneOf(rapid.Just(0.), rapid.Float64Range(-1e12, 1e12)), width, width).Draw(t, "shift")
		rows := rapid.IntRange(1, 4).Draw(t, "rows")
		var want []float32
		var text []string
		for range rows {
			var row []string
			for _, s := range shift {
				digits := strconv.FormatFloat(s+rapid.Float64Range(-1000, 1000).Draw(t, "x"), 'g', rapid.IntRange(1, 17).Draw(t, "digits"), 64)
				x, err := strconv.ParseFloat(digits, 64)
				if err != nil {
					t.Fatal(err)
				}
				if s == 0 { // read as ever: rounded once
					x, _ = strconv.ParseFloat(digits, 32)
				}
				row, want = append(row, digits), append(want, float32(x-s))
			}
			text = append(text, "["+strings.Join(row, rapid.SampledFrom([]string{",", ", ", "\n,"}).Draw(t, "comma"))+"]")
		}
		var d Decoder
		var m Ask
		if err := d.Decode([]byte(`{"features":[`+strings.Join(text, ",")+`]}`), &m); err != nil {
			t.Fatal(err)
		}
		if err := d.Rows(&m, &Row{Features: width, Shift: shift}); err != nil {
			t.Fatal(err)
		}
		for i, x := range m.Features {
			if x != want[i] {
				t.Fatalf("feature %d is %v; want %v", i, x, want[i])
			}
		}
	})
}

// A byte is scaled and shifted in float64; a float32 is taken at its word.
func TestShiftOfBinary(t *testing.T) {
	for _, mask := range []uint32{0, 0xa1b2c3d4} {
		frame := append(make([]byte, 24), 0, 1, 200, 255, 7, 0, 1, 200, 255, 7)
		frame[0], frame[1] = BinaryPredict, DTypeUint8
		binary.LittleEndian.PutUint32(frame[4:], 2)
		Unmask(frame, mask)
		var d Decoder
		var m Ask
		if err := d.DecodeBinary(frame, mask, &m); err != nil {
			t.Fatal(err)
		}
		scale := math.Sqrt(1e13)
		shift := []float64{0, scale, 200 * scale, 255*scale - 0.5, 7*scale + 1}
		err := d.Rows(&m, &Row{Features: 5, Shift: shift, Uint8Scale: scale})
		if want := "[0 0 0 0.5 -1 0 0 0 0.5 -1]"; err != nil || fmt.Sprint(m.Features) != want {
			t.Errorf("mask %x: bytes became %v, %v; want %s", mask, m.Features, err, want)
		}
	}
	frame := append(make([]byte, 24), 0, 0, 0, 0)
	frame[0], frame[1], frame[4] = BinaryPredict, DTypeFloat32, 1
	binary.LittleEndian.PutUint32(frame[24:], math.Float32bits(1732212096))
	for shift, want := range map[float64]float32{1732212000: 96, -math.MaxFloat64: 0} {
		var d Decoder
		var m Ask
		if err := d.DecodeBinary(frame, 0, &m); err != nil {
			t.Fatal(err)
		}
		err := d.Rows(&m, &Row{Features: 1, Shift: []float64{shift}})
		if beyond := want == 0; beyond != (err != nil) || !beyond && m.Features[0] != want {
			t.Errorf("less %v a float32 became %v, %v; want %v, or an error for 0", shift, m.Features, err, want)
		}
	}
}
