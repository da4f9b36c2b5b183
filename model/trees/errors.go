package trees

import "fmt"

// ForestError says what in a forest makes no sense. It is what New returns for a
// forest, as *model.SpecError is for a spec.
type ForestError struct {
	Model string
	// Tree and Node are where it is, counted from zero; −1 is none in particular.
	Tree, Node int
	Problem    string
}

func (e *ForestError) Error() string {
	at := ""
	if e.Tree >= 0 {
		at = fmt.Sprintf("tree %d: ", e.Tree)
	}
	if e.Node >= 0 {
		at += fmt.Sprintf("node %d: ", e.Node)
	}
	return fmt.Sprintf("model %q: %s%s", e.Model, at, e.Problem)
}
