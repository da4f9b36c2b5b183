package quality

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var (
	// ErrUnknownRequest means that no prediction of this scope and id is
	// remembered: there never was one, it was someone else's, or it is so old
	// that it was forgotten.
	ErrUnknownRequest = errors.New("no prediction with this request_id is remembered; send labels for your own recent requests")
	// ErrDuplicateFeedback means that the prediction already has its labels;
	// the first ones stay.
	ErrDuplicateFeedback = errors.New("this request already has its label; the first one counts")
)

// BadLabelError says which label cannot be a true answer, and what could be.
// The prediction still waits for its label.
type BadLabelError struct {
	Row      int    // counted from 0; -1 when the number of labels is wrong
	Got      string // shortened where long
	Expected string
}

func (e *BadLabelError) Error() string {
	if e.Row < 0 {
		return fmt.Sprintf("got %s; expected %s", e.Got, e.Expected)
	}
	return fmt.Sprintf("label of row %d is %s; expected %s", e.Row, e.Got, e.Expected)
}

func wrongCount(got, rows int) error {
	return &BadLabelError{
		Row:      -1,
		Got:      counted(got, "label"),
		Expected: strconv.Itoa(rows) + ", one per predicted row",
	}
}

// wrongNumbers is wrongCount where the label of a row has several numbers.
func wrongNumbers(got, rows, width int) error {
	return &BadLabelError{
		Row:      -1,
		Got:      counted(got, "number"),
		Expected: fmt.Sprintf("%d, %d per predicted row", rows*width, width),
	}
}

const (
	namesShown = 5
	maxShown   = 40 // bytes of a client's text or of a class name
)

// oneOf tells a client which classes there are, without sending a thousand.
func oneOf(classes []string) string {
	shown := make([]string, 0, namesShown)
	for _, class := range classes[:min(namesShown, len(classes))] {
		shown = append(shown, quoted(class))
	}
	if len(classes) <= namesShown {
		return "one of " + strings.Join(shown, ", ")
	}
	return fmt.Sprintf("one of the %d classes: %s, …", len(classes), strings.Join(shown, ", "))
}

func quoted(text string) string { return strconv.Quote(shortened(text)) }

func shortened(text string) string {
	if len(text) > maxShown {
		return strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	return text
}
