package main

import (
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
)

// distinct is how many different requests a connection sends in turn; it
// bounds what may be in flight, since their ids repeat.
const distinct = 1024

// encodeRequests returns the frames of one connection's requests, masked.
func encodeRequests(o options) ([][]byte, error) {
	rng := rand.New(rand.NewPCG(1, 2))
	value := func(int) float32 { return float32(rng.NormFloat64()) }
	if o.digits != "" {
		pixels, err := readDigits(o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.digits, err)
		}
		value = func(i int) float32 { return float32(pixels[i%len(pixels)]) / 255 }
	}
	frames := make([][]byte, distinct)
	for i := range frames {
		row := make([]float32, o.rows*o.features)
		for j := range row {
			row[j] = value(i*len(row) + j)
		}
		switch o.payload {
		case "json":
			frames[i] = clientFrame(0x81, jsonRequest(row, o, i), rng.Uint32())
		case "float32":
			frames[i] = clientFrame(0x82, binaryRequest(row, o, i), rng.Uint32())
		default:
			return nil, fmt.Errorf("unknown payload %q", o.payload)
		}
	}
	return frames, nil
}

// readDigits returns the rows, one byte a feature, of what weights.HeldOut reads
// too: gzip of the number of rows and of features (uint32, little-endian), the
// labels, the rows.
func readDigits(o options) ([]byte, error) {
	f, err := os.Open(o.digits)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(unzipped)
	if err != nil {
		return nil, err
	}
	if len(data) < 8 {
		return nil, io.ErrUnexpectedEOF
	}
	n, features := int(binary.LittleEndian.Uint32(data)), int(binary.LittleEndian.Uint32(data[4:]))
	if features != o.features || n < 1 || len(data) != 8+n+n*features {
		return nil, fmt.Errorf("%d rows of %d features in %d bytes; expected rows of %d", n, features, len(data), o.features)
	}
	return data[8+n:], nil
}

func jsonRequest(values []float32, o options, id int) []byte {
	b := []byte(`{"features":[`)
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		if o.rows > 1 && i%o.features == 0 {
			b = append(b, '[')
		}
		b = strconv.AppendFloat(b, float64(v), 'g', 7, 32)
		if o.rows > 1 && i%o.features == o.features-1 {
			b = append(b, ']')
		}
	}
	b = append(b, `],"request_id":`...)
	b = strconv.AppendInt(b, int64(id), 10)
	return append(b, '}')
}

// binaryRequest is the request frame of docs/protocol.md.
func binaryRequest(values []float32, o options, id int) []byte {
	b := make([]byte, 24, 24+4*len(values))
	b[0], b[1] = 1, 1
	binary.LittleEndian.PutUint32(b[4:], uint32(o.rows))
	binary.LittleEndian.PutUint64(b[8:], uint64(id))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// clientFrame makes one masked frame (RFC 6455, section 5.2).
func clientFrame(op byte, payload []byte, key uint32) []byte {
	f := []byte{op}
	switch n := len(payload); {
	case n < 126:
		f = append(f, 0x80|byte(n))
	case n <= 0xffff:
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(n))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 0x80|127), uint64(n))
	}
	mask := binary.BigEndian.AppendUint32(nil, key)
	f = append(f, mask...)
	for i, c := range payload {
		f = append(f, c^mask[i%4])
	}
	return f
}
