package protocol_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"penstock/protocol"
)

// house is a model of four columns, the first of which has a mean taken off.
func house() protocol.Row {
	return protocol.Row{
		Features: 4, Shift: []float64{100, 0, 0, 0}, MayMiss: []bool{true, false, true, false},
		Columns: protocol.NewColumns([]protocol.Column{
			{Name: "area", Kind: "number", Missing: true},
			{Name: "city", Kind: "category", Categories: []string{"Lyon", "Zürich"}, Unknown: "own"},
			{Name: "floor", Kind: "category", Categories: []string{"ground", "top"}, Unknown: "missing", Missing: true},
			{Name: "kind", Kind: "category", Categories: []string{"flat", "house"}},
		}),
	}
}

func TestRowsByName(t *testing.T) {
	plain := protocol.Row{Features: 2}
	holes := protocol.Row{Features: 2, MayMiss: []bool{false, true}}
	for _, c := range []struct {
		name, features string
		row            protocol.Row
		want           string // the rows, or what the error says
	}{
		{"an object", `{"area":90,"city":"Zürich","floor":"top","kind":"flat"}`, house(), "[-10 1 1 0]"},
		{"in another order, escaped", `{"kind":"h\u006fuse","c\u0069ty":"Lyon","floor":"ground","area":1.005e2}`, house(), "[0.5 0 0 1]"},
		{"rows", `[{"area":90,"city":"Lyon","floor":"top","kind":"flat"}, {"kind":"house","area":101,"city":"Zürich","floor":null}]`, house(), "[-10 0 1 0 1 1 NaN 1]"},
		{"what may miss left out", `{"city":"Lyon","kind":"flat"}`, house(), "[NaN 0 NaN 0]"},
		{"unknown categories", `{"area":100,"city":"Oslo","floor":"attic","kind":"flat"}`, house(), "[0 2 NaN 0]"},
		{"an array", `[90,"Lyon",null,"house"]`, house(), "[-10 0 NaN 1]"},
		{"arrays", ` [ [ 90 , "Lyon" , null , "house" ] , [ null,"Oslo","top","flat" ] ] `, house(), "[-10 0 NaN 1 NaN 2 1 0]"},
		{"a hole", `[1,null]`, holes, "[1 NaN]"},
		{"holes in rows", `[[1,null],[2,3]]`, holes, "[1 NaN 2 3]"},

		{"an unknown category", `{"area":1,"city":"Lyon","floor":"top","kind":"boat"}`, house(), `row 0, "kind" is "boat"; send one of "flat", "house"`},
		{"no such column", `{"area":1,"town":"Lyon"}`, house(), `row 0 has "town", which is no column; the columns are "area", "city", "floor", "kind"`},
		{"a column twice", `{"area":1,"ar\u0065a":2}`, house(), `row 0 has "area" twice`},
		{"a column left out", `[{"area":90,"city":"Lyon","floor":"top","kind":"flat"},{"area":1,"city":"Lyon"}]`, house(), `row 1 has no "kind", which may not be missing`},
		{"null where nothing may miss", `{"city":null,"kind":"flat"}`, house(), `row 0, "city" is null; send one of "Lyon", "Zürich", null is never taken as 0`},
		{"a number for a category", `{"city":1,"kind":"flat"}`, house(), `row 0, "city" is a number; send one of "Lyon", "Zürich"`},
		{"a text for a number", `{"area":"90","city":"Lyon","kind":"flat"}`, house(), `row 0, "area" is a string; send a number`},
		{"a list", `{"area":[90],"city":"Lyon","kind":"flat"}`, house(), `row 0, "area" is nested; send a number`},
		{"a boolean", `{"area":true,"city":"Lyon","kind":"flat"}`, house(), `row 0, "area" is a boolean; send a number`},
		{"beyond float32", `{"area":1e39,"city":"Lyon","kind":"flat"}`, house(), `row 0, "area" is outside the range of float32 once`},
		{"numbers for categories", `[90,0,1,0]`, house(), `row 0, entry 1 is a number; send one of "Lyon", "Zürich"`},
		{"too few", `[90,"Lyon"]`, house(), "wrong number of features in a row"},
		{"no names", `{"a":1,"b":2}`, plain, "this model's features have no names; send an array of 2 numbers for each row"},
		{"no holes", `[[1,2],[3,null]]`, plain, "row 1, entry 1 is null; send a number, null is never taken as 0"},
		{"no texts", `[1,"2"]`, plain, "row 0, entry 1 is a string; send a number"},
		{"a hole elsewhere", `[null,1]`, holes, "row 0, entry 0 is null; send a number"},
		{"a text among holes", `[1,"x"]`, holes, "row 0, entry 1 is a string; send a number"},
		{"no rows", `[]`, protocol.Row{Features: 1}, "wrong number of features"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d protocol.Decoder
			var a protocol.Ask
			if err := d.Decode([]byte(`{"request_id":7,"features":`+c.features+`,"model":"m"}`), &a); err != nil {
				t.Fatal(err)
			}
			var got string
			if err := d.Rows(&a, &c.row); err != nil {
				if got = err.Message; err.Code != protocol.BadFeatures {
					t.Errorf("code %v; want bad_features", err.Code)
				}
			} else {
				got = fmt.Sprint(a.Features)
			}
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("%s; want %s", got, c.want)
			}
		})
	}
}

// What is missing is filled in, by every way that it may be missing.
func TestRowsAreFilled(t *testing.T) {
	row := house()
	row.Fill = []float32{-100, 0, 1, 0}
	for _, features := range []string{
		`{"city":"Lyon","kind":"flat"}`, `{"area":null,"city":"Lyon","floor":null,"kind":"flat"}`,
		`{"city":"Lyon","floor":"attic","kind":"flat"}`, `[null,"Lyon","attic","flat"]`,
	} {
		var d protocol.Decoder
		var a protocol.Ask
		if err := d.Decode([]byte(`{"features":`+features+`}`), &a); err != nil {
			t.Fatal(err)
		}
		if err := d.Rows(&a, &row); err != nil || fmt.Sprint(a.Features) != "[-100 0 1 0]" {
			t.Errorf("%s: %v, %v; want it filled in", features, a.Features, err)
		}
	}
}

// Of binary rows, categories are indices.
func TestCategoriesOfBinaryRows(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		values []float32
		want   string
	}{
		{[]float32{90, 1, 1, 0}, "[-10 1 1 0]"},
		{[]float32{nan, 2, nan, 1}, "[NaN 2 NaN 1]"},
		{[]float32{90, 3, 0, 0}, `row 0, entry 1 is 3; "city" is a category: send its index, 0 to 2`},
		{[]float32{90, 0, 2, 0}, `row 0, entry 2 is 2; "floor" is a category: send its index, 0 to 1`},
		{[]float32{90, 0, 0, 0.5}, `row 0, entry 3 is 0.5; "kind" is a category`},
		{[]float32{90, 0, 0, -1}, `row 0, entry 3 is -1; "kind" is a category`},
		{[]float32{90, nan, 0, 0}, `row 0, entry 1 is NaN, and this feature may not be missing`},
	} {
		var payload []byte
		for _, v := range c.values {
			payload = append(payload, le32(math.Float32bits(v))...)
		}
		row := house()
		var d protocol.Decoder
		var a protocol.Ask
		if err := d.DecodeBinary(request(protocol.DTypeFloat32, 1, payload, 0), 0, &a); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := d.Rows(&a, &row); err != nil {
			got = err.Message
		} else {
			got = fmt.Sprint(a.Features)
		}
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%v: %s; want %s", c.values, got, c.want)
		}
	}
}

// A row that is refused takes no memory for those after it, however many there are.
func TestRefusedRowsTakeNoMemory(t *testing.T) {
	const columns = 10_000
	named := make([]protocol.Column, columns)
	for i := range named {
		named[i] = protocol.Column{Name: fmt.Sprint(i), Kind: "number"}
	}
	row := protocol.Row{Features: columns, Columns: protocol.NewColumns(named)}
	frame := []byte(`{"features":[` + strings.Repeat("{},", 1023) + `{}]}`)
	var d protocol.Decoder
	var a protocol.Ask
	if err := d.Decode(frame, &a); err != nil {
		t.Fatal(err)
	}
	if work := d.Work(&a, &row); work != 4*columns*1024 {
		t.Errorf("Work is %d; want what the rows would take", work)
	}
	if err := d.Rows(&a, &row); err == nil || cap(a.Features) > 2*columns {
		t.Errorf("%v, with memory for %d features; want an error about row 0, and memory for one", err, cap(a.Features))
	}
}

func le32(x uint32) []byte { return []byte{byte(x), byte(x >> 8), byte(x >> 16), byte(x >> 24)} }

// Rows by name and by place are the same rows, in whatever order the names come and
// however the text is spaced.
func TestRowsByNameAreRowsByPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := house()
		rows := rapid.IntRange(1, 3).Draw(t, "rows")
		var byName, byPlace []string
		for range rows {
			values := []string{
				rapid.SampledFrom([]string{"90", "null", "1.5e2", "-0.25"}).Draw(t, "area"), rapid.SampledFrom([]string{`"Lyon"`, `"Oslo"`}).Draw(t, "city"),
				rapid.SampledFrom([]string{`"top"`, "null", `"attic"`}).Draw(t, "floor"), rapid.SampledFrom([]string{`"flat"`, `"house"`}).Draw(t, "kind"),
			}
			space := rapid.SampledFrom([]string{"", " ", "\n\t"}).Draw(t, "space")
			var members []string
			for _, i := range rapid.Permutation([]int{0, 1, 2, 3}).Draw(t, "order") {
				if values[i] == "null" && rapid.Bool().Draw(t, "left out") {
					continue
				}
				members = append(members, fmt.Sprintf(`%q%s:%s%s`, []string{"area", "city", "floor", "kind"}[i], space, space, values[i]))
			}
			byName = append(byName, "{"+strings.Join(members, space+","+space)+"}")
			byPlace = append(byPlace, "["+strings.Join(values, space+","+space)+"]")
		}
		readAll := func(rows []string) string {
			var d protocol.Decoder
			var a protocol.Ask
			if err := d.Decode([]byte(`{"features":[`+strings.Join(rows, " , ")+`]}`), &a); err != nil {
				t.Fatal(err)
			}
			if err := d.Rows(&a, &row); err != nil {
				t.Fatalf("%v: %v", rows, err)
			}
			return fmt.Sprint(a.Features)
		}
		if named, placed := readAll(byName), readAll(byPlace); named != placed {
			t.Fatalf("%s by name, %s by place", named, placed)
		}
	})
}

// FuzzRows: whatever the features are, reading them for any model ends in rows of that
// model or in an error, and takes memory for its rows alone.
func FuzzRows(f *testing.F) {
	for _, features := range []string{
		`{"area":90,"city":"Zürich","floor":"top","kind":"flat"}`, `[{"area":90},{}]`, `[[1,null],[2,"x"]]`, `[1,2,3,4]`, `{"ar\u0065a":1e39}`, `[{"area":{"a":[]}}]`,
	} {
		f.Add(features)
	}
	models := []protocol.Row{house(), {Features: 4}, {Features: 2, MayMiss: []bool{true, true}, Fill: []float32{0, 0}, Shift: []float64{0, 1e9}}}
	f.Fuzz(func(t *testing.T, features string) {
		frame := `{"features":` + features + `}`
		if !utf8.ValidString(frame) || !json.Valid([]byte(frame)) {
			return
		}
		for i := range models {
			d := protocol.Decoder{MaxRows: 8, MaxFeatures: 4}
			var a protocol.Ask
			if d.Decode([]byte(frame), &a) != nil || a.Kind != protocol.KindPredict {
				return
			}
			if err := d.Rows(&a, &models[i]); err == nil && len(a.Features) != a.Rows*models[i].Features {
				t.Errorf("%s: %d values for %d rows of %d", frame, len(a.Features), a.Rows, models[i].Features)
			}
		}
	})
}

func BenchmarkRowsByName(b *testing.B) {
	frame := []byte(`{"features":{"area":90,"city":"Zürich","floor":"top","kind":"flat"},"request_id":1732212000123}`)
	row := house()
	var d protocol.Decoder
	var a protocol.Ask
	b.ReportAllocs()
	for b.Loop() {
		if d.Decode(frame, &a) != nil || d.Rows(&a, &row) != nil {
			b.Fatal("refused")
		}
	}
}
