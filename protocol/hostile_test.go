package protocol_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"penstock/protocol"
)

const mebibyte = 1 << 20

// hostileText is about a MiB that a client may send to cost the server time:
// many messages of one kind, or one that is large.
type hostileText struct {
	name   string
	frames [][]byte
	watch  bool // to a dashboard
}

// hostileTexts are what has cost more than plain numbers do, or could.
func hostileTexts() []hostileText {
	var texts []hostileText
	for _, number := range hostileNumbers {
		texts = append(texts, hostileText{name: "numbers/" + number.name, frames: rowsOf(number.text)})
	}
	for _, m := range []struct{ name, start, each, end string }{
		{"features/null", `{"features":[`, `null,`, `0]}`},
		{"features/empty strings", `{"features":[`, `"",`, `0]}`},
		{"features/one after another is wrong", `{"features":[`, `0,"",`, `0]}`},
		{"features/nested", `{"features":[`, `[[]],`, `0]}`},
		{"features/row wider than any model", `{"features":[`, `0,`, `0]}`},
		{"features/wider and in exponents", `{"features":[`, `7e-46,`, `0]}`},
		{"features/more rows than allowed", `{"features":[`, `[0],`, `[0]]}`},
		{"features/empty rows", `{"features":[`, `[],`, `[]]}`},
		{"unknown/empty strings", `{"a":[`, `"",`, `0]}`},
		{"unknown/objects", `{"a":[`, `{},`, `0]}`},
		{"unknown/members", `{"a":{`, `"":0,`, `"":0}}`},
		{"unknown/words", `{"a":[`, `true,`, `0]}`},
		{"unknown/spaces", `{"a":[`, ` 0 ,`, `0]}`},
		{"unknown/escapes", `{"a":"`, `\n`, `"}`},
		{"unknown/hexadecimal escapes", `{"a":"`, `\u00e9`, `"}`},
		{"unknown/long string", `{"a":"`, `aaaaaaaa`, `"}`},
		{"unknown/long number", `{"a":`, `123456789`, `}`},
		{"request_id/escapes", `{"request_id":"`, `\u00e9`, `"}`},
		{"model/escapes", `{"model":"`, `\u00e9`, `"}`},
		{"type/escapes", `{"type":"`, `\u00e9`, `"}`},
		{"key/escapes", `{"`, `\u00e9`, `":0}`},
		{"detail/repeated", `{"detail":[`, `"scores",`, `0]}`},
		{"detail/escapes", `{"detail":[`, `"\u00e9",`, `0]}`},
		{"labels/too many", `{"type":"feedback","labels":[`, `"",`, `0]}`},
	} {
		texts = append(texts, hostileText{name: m.name, frames: [][]byte{filled(m.start, m.each, m.end, mebibyte)}})
	}
	return append(texts, hostileText{name: "unknown/100,000 keys", frames: [][]byte{manyKeys(100_000, 0)}},
		hostileText{name: "unknown/64 long keys alike", frames: [][]byte{manyKeys(64, mebibyte/64/6)}},
		hostileText{name: "unknown/deep", frames: repeated(`{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`)},
		hostileText{name: "labels/digits beside a midpoint", frames: [][]byte{filled(`{"type":"feedback","labels":[`, `9007199254740993.00000000000000000001,`, `0]}`, 1000*38)}},
		hostileText{name: "labels/halfway", frames: [][]byte{filled(`{"type":"feedback","labels":[`, `9007199254740993,`, `0]}`, 1000*17)}},
		hostileText{name: "request_id/other letters", frames: repeated(`{"type":"cancel","request_id":"` + strings.Repeat("ก", 42) + `"}`)},
		hostileText{name: "watch/empty names", watch: true, frames: [][]byte{filled(`{"type":"subscribe","metrics":[`, `"",`, `""]}`, mebibyte)}},
		hostileText{name: "watch/escaped names", watch: true, frames: [][]byte{filled(`{"type":"subscribe","models":[`, `"\u00e9",`, `""]}`, mebibyte)}},
		hostileText{name: "watch/100,000 keys", watch: true, frames: [][]byte{manyKeys(100_000, 0)}},
		hostileText{name: "watch/long text", watch: true, frames: [][]byte{filled(`{"type":"note","text":"`, `\u00e9`, `"}`, mebibyte)}},
	)
}

// hostileNumbers fill rows of as many features as the widest model takes.
var hostileNumbers = []struct{ name, text string }{
	{"subnormal", "7e-46"},
	{"smallest", "1e-45"},
	{"subnormal of nine digits", "1.17549421e-38"},
	{"one digit", "1"},
	{"short exponent", "1e5"},
	{"signed exponent", "1.5E+10"},
	{"far below", "1e-400"},
	{"negative zero", "-0"},
	{"zero with exponent", "0e0"},
	{"17 digits", "0.12345678901234567"},
	{"17 digits and exponent", "1.2345678901234567e-30"},
	{"19 digits and exponent", "1234567890123456789e-50"},
	{"20 digits", "12.345678901234567890"},
	{"40 digits", "0.1234567890123456789012345678901234567890"},
	{"40 digits and exponent", "1.234567890123456789012345678901234567890e-20"},
	{"300 digits", "0." + strings.Repeat("123456789", 33)},
	{"leading zeros", "0.00000000000000000000000000000123"},
	{"trailing zeros", "1000000000000000000000000000e-20"},
	{"long exponent", "1e-0000000000000000000005"},
	{"midpoint", "16777217"},
	{"midpoint with point", "1.000000059604644775390625"},
	{"beside a midpoint", "1.00000005960464477539062500000001"},
	{"20 digits beside a midpoint", "1.0000000596046447753"},
	{"midpoint far below 1", "7.0064923216240853546186479164495806564013097093825788587853e-46"},
	{"midpoint and 300 digits", "1.000000059604644775390625" + strings.Repeat("0", 275) + "1"},
	{"midpoint at the end of the range", "340282356779733661637539395458142568447.9999999999999999999"},
	{"spaces before commas", "1 "},
}

// rowsOf are messages of rows that a model of 1024 features takes.
func rowsOf(number string) [][]byte {
	row := "[" + strings.Repeat(number+",", 1023) + number + "],"
	rows := min(max(mebibyte/len(row), 1), 1024)
	frame := filled(`{"features":[`, row, row[:len(row)-1]+`]}`, rows*len(row))
	return [][]byte{frame}
}

// filled repeats each between start and end, up to about size bytes.
func filled(start, each, end string, size int) []byte {
	return []byte(start + strings.Repeat(each, max((size-len(start)-len(end))/len(each), 0)) + end)
}

func repeated(frame string) [][]byte {
	frames := make([][]byte, mebibyte/len(frame))
	for i := range frames {
		frames[i] = []byte(frame)
	}
	return frames
}

// manyKeys is a message of unknown keys that differ at their ends.
func manyKeys(n, prefix int) []byte {
	var s strings.Builder
	s.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&s, `"%s%d":0,`, strings.Repeat(`\u0061`, prefix), i)
	}
	return []byte(s.String() + `"features":[1]}`)
}

// plainNumbers is what hostile texts are compared with: rows of seven digits.
func plainNumbers() hostileText {
	rng := rand.New(rand.NewPCG(1, 2))
	var s strings.Builder
	s.WriteString(`{"features":[`)
	for s.Len() < mebibyte {
		s.WriteString("[" + sevenDigits(rng))
		for range 1023 {
			s.WriteString("," + sevenDigits(rng))
		}
		s.WriteString("],")
	}
	return hostileText{name: "plain", frames: [][]byte{[]byte(s.String()[:s.Len()-1] + `]}`)}}
}

// read decodes all frames, and returns how long a MiB took.
func (h hostileText) read(d *protocol.Decoder, m *protocol.Ask) time.Duration {
	size, start := 0, cpuTime()
	for _, frame := range h.frames {
		if h.watch {
			_, _ = protocol.DecodeWatch(frame)
		} else {
			_ = d.Decode(frame, m)
		}
		size += len(frame)
	}
	return time.Duration(float64(cpuTime()-start) * mebibyte / float64(size))
}

// Every text costs at most four times what plain numbers of the same length
// do, which are read in turn with it.
func BenchmarkHostileTexts(b *testing.B) {
	plain := plainNumbers()
	for _, text := range append([]hostileText{plain}, hostileTexts()...) {
		b.Run(text.name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			d := protocol.Decoder{MaxRows: 1024, MaxFeatures: 1024}
			var m protocol.Ask
			var hostile, usual []time.Duration
			for b.Loop() {
				usual = append(usual, plain.read(&d, &m))
				hostile = append(hostile, text.read(&d, &m))
			}
			slices.Sort(hostile)
			slices.Sort(usual)
			at := len(hostile) / 2
			b.ReportMetric(hostile[at].Seconds()*1e3, "ms/MiB")
			b.ReportMetric(float64(hostile[at])/float64(usual[at]), "×plain")
			b.ReportMetric(0, "ns/op")
		})
	}
}
