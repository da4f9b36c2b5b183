package weights

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

func zipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

func TestReadRows(t *testing.T) {
	whole := []byte{2, 0, 0, 0, 3, 0, 0, 0, 7, 8, 1, 2, 3, 4, 5, 6}
	cases := []struct {
		name string
		file []byte
		says string // empty: it is read
	}{
		{"whole", zipped(whole), ""},
		{"empty", nil, "EOF"},
		{"not gzip", whole, "invalid header"},
		{"cut off", zipped(whole)[:20], "EOF"},
		{"its own sum is wrong", append(zipped(whole)[:len(zipped(whole))-8], make([]byte, 8)...), "invalid checksum"},
		{"rows missing", zipped(whole[:15]), "EOF"},
		{"rows left over", zipped(append(bytes.Clone(whole), 1)), "bytes left over"},
		{"absurd size", zipped(bytes.Repeat([]byte{255}, 8)), "at most 1073741824 bytes"},
		{"no features", zipped([]byte{255, 255, 255, 255, 0, 0, 0, 0}), "at least one feature"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rows, err := readRows(bytes.NewReader(c.file))
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %v; want a text with %q", err, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if rows.Len() != 2 || rows.Label(1) != 8 || !bytes.Equal(rows.Row(1), []byte{4, 5, 6}) {
				t.Errorf("read %+v", rows)
			}
		})
	}
}
