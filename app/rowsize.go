package app

import (
	"fmt"
	"math"

	"penstock/model"
)

// rowSize is how many bytes a message with one row of a model has.
type rowSize struct{ least, binary, json int }

func rowSizeOf(spec model.Spec) rowSize {
	const (
		header = 24 // of a binary request
		// members are {"type":"predict","request_id":"…","model":"…","deadline_ms":…,…} with
		// an id and a name as long as they may be.
		members = 512
		// decimal is what programs write of a float64 and a comma: a sign, 17 digits
		// and their point, an exponent, and often a space.
		decimal = 26
	)
	s := rowSize{binary: header + 4*spec.Features, json: members + decimal*spec.Features}
	if s.least = s.binary; spec.Input.Uint8Scale != 0 {
		s.least = header + spec.Features
	}
	return s
}

// RowFits refuses a model that nobody could use: a message with one of its rows
// is longer than messages may be, in any form.
func RowFits(spec model.Spec, most int) error {
	size := rowSizeOf(spec)
	if size.least <= most {
		return nil
	}
	return fmt.Errorf("--max-message-bytes %d: model %s has %d features, and a message with one row takes %d bytes at least (%d as binary float32, up to %d as JSON); set --max-message-bytes to %d or more",
		most, spec.Name, spec.Features, size.least, size.binary, size.json, size.json)
}

// narrow says which forms of a row may be longer than messages may be, or "".
func narrow(spec model.Spec, most int) string {
	size := rowSizeOf(spec)
	switch {
	case size.binary > most:
		return fmt.Sprintf("a row fits --max-message-bytes %d as uint8 alone: as binary float32 it takes %d bytes, as JSON up to %d", most, size.binary, size.json)
	case size.json > most:
		return fmt.Sprintf("a row may not fit --max-message-bytes %d as JSON, where it takes up to %d bytes; as binary float32 it takes %d", most, size.json, size.binary)
	}
	return ""
}

// farMeans says which features float32 cannot carry to a model, or "": rounding
// one moves it by more than a millionth of its standard deviation.
func farMeans(spec model.Spec) string {
	far, first := 0, 0
	for i := range spec.Features {
		if mean, std := spec.Input.At(i); math.Abs(mean)*0x1p-24 > 1e-6*std {
			if far++; far == 1 {
				first = i
			}
		}
	}
	if far == 0 {
		return ""
	}
	mean, std := spec.Input.At(first)
	return fmt.Sprintf("%d of %d features have a mean that is large beside its standard deviation, such as feature %d (%v ± %v): "+
		"send them as JSON, whose decimals keep what matters; a binary float32 rounds it away", far, spec.Features, first, mean, std)
}

// Cautions are what who serves a model should know.
func Cautions(spec model.Spec, maxMessageBytes int) (list []string) {
	for _, text := range []string{narrow(spec, maxMessageBytes), farMeans(spec)} {
		if text != "" {
			list = append(list, text)
		}
	}
	return list
}
