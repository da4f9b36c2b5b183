package quality

import "strconv"

// noJudge is for outputs of which nothing is known to be true.
type noJudge struct{}

// NewNoJudge is for outputs that take no labels, such as embeddings: their
// predictions are counted, and a label for one is refused.
func NewNoJudge() Judge { return noJudge{} }

func (noJudge) Measure() Measure { return Nothing }

func (noJudge) Width() int { return 0 }

func (noJudge) LabelWidth() int { return 0 }

func (noJudge) Read([]float64, int, Label) ([]float64, error) { return nil, noLabels(1) }

func (noJudge) ReadBinary([]float64, int, []float32) ([]float64, error) { return nil, noLabels(1) }

func (noJudge) Judge([]float32, []float32, []float64) Verdict { return Verdict{} }

func (noJudge) Describe(*Snapshot) {}

func noLabels(got int) error {
	return &BadLabelError{Row: -1, Got: counted(got, "label"), Expected: "none: this model's output takes no labels"}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
