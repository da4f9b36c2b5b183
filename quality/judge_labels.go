package quality

import "fmt"

// labelsJudge judges outputs of which any number of labels may be true. A
// prediction is 0 or 1 for each label, with the probability that it is true.
type labelsJudge struct {
	classes []string
	names   names
	counts  []LabelCounts
	rows    uint64
	bins    calibration
}

// NewLabelsJudge judges a model that says of each label whether it is true. The
// label of a row is the list of those that are, by name as in NewClassJudge; a
// single name is a list of one, and an empty list says that none is. In a binary
// frame it is 0 or 1 for each. A row is correct if all of it is. The names are
// kept, not copied.
func NewLabelsJudge(classes []string) Judge {
	j := &labelsJudge{classes: classes, names: newNames(classes), counts: make([]LabelCounts, len(classes))}
	for i, class := range classes {
		j.counts[i].Label = class
	}
	return j
}

func (j *labelsJudge) Measure() Measure { return RightOrWrong }

func (j *labelsJudge) Width() int { return len(j.classes) }

func (j *labelsJudge) LabelWidth() int { return len(j.classes) }

func (j *labelsJudge) Read(dst []float64, row int, l Label) ([]float64, error) {
	start := len(dst)
	for range j.classes {
		dst = append(dst, 0)
	}
	list := l.List
	if !l.IsList {
		list = []Label{l}
	}
	for _, one := range list {
		if one.IsList {
			return nil, &BadLabelError{Row: row, Got: "a list within a list", Expected: "a list of names, each " + oneOf(j.classes)}
		}
		class, err := readName(&j.names, j.classes, row, one)
		if err != nil {
			return nil, err
		}
		if dst[start+class] == 1 {
			return nil, &BadLabelError{Row: row, Got: "a list with " + quoted(j.classes[class]) + " twice", Expected: "each name once at most"}
		}
		dst[start+class] = 1
	}
	return dst, nil
}

func (j *labelsJudge) ReadBinary(dst []float64, row int, values []float32) ([]float64, error) {
	for i, value := range values {
		if value != 0 && value != 1 {
			return nil, &BadLabelError{
				Row:      row,
				Got:      number(float64(value)) + " for " + quoted(j.classes[i]),
				Expected: fmt.Sprintf("0 or 1 for each of the %d labels", len(j.classes)),
			}
		}
		dst = append(dst, float64(value))
	}
	return dst, nil
}

func (j *labelsJudge) Judge(values, confidences []float32, truth []float64) Verdict {
	j.rows++
	correct := true
	for i := range j.counts {
		c, predicted, is := &j.counts[i], values[i] != 0, truth[i] != 0
		switch {
		case predicted && is:
			c.TruePositive++
		case predicted:
			c.FalsePositive++
		case is:
			c.FalseNegative++
		default:
			c.TrueNegative++
		}
		correct = correct && predicted == is
		if len(confidences) > 0 {
			j.bins.add(confidences[i], is)
		}
	}
	return Verdict{Correct: correct}
}

func (j *labelsJudge) Describe(s *Snapshot) {
	s.Classes = j.classes
	s.Labels = append([]LabelCounts(nil), j.counts...)
	s.Calibration, s.CalibrationError = j.bins.describe()
	if j.rows == 0 || len(j.counts) == 0 {
		return
	}
	var all LabelCounts
	var sum float64
	for _, c := range j.counts {
		all.TruePositive += c.TruePositive
		all.FalsePositive += c.FalsePositive
		all.FalseNegative += c.FalseNegative
		sum += c.F1()
	}
	micro, macro := all.F1(), sum/float64(len(j.counts))
	s.MicroF1, s.MacroF1 = &micro, &macro
	s.HammingLoss = ratio(float64(all.FalsePositive+all.FalseNegative), j.rows*uint64(len(j.counts)))
}

// LabelCounts is how often one label was predicted and true, in labelled rows.
//
// Its measures are those of scikit-learn 1.5 (sklearn.metrics: precision_score,
// recall_score and f1_score, with zero_division=0): 0 where there is nothing to
// divide by.
type LabelCounts struct {
	Label                                                    string
	TruePositive, FalsePositive, FalseNegative, TrueNegative uint64
}

// Precision is the share of the rows predicted to have the label that do.
func (c LabelCounts) Precision() float64 {
	return share(c.TruePositive, c.TruePositive+c.FalsePositive)
}

// Recall is the share of the rows that have the label that were predicted to.
func (c LabelCounts) Recall() float64 { return share(c.TruePositive, c.TruePositive+c.FalseNegative) }

// F1 is the harmonic mean of Precision and Recall.
func (c LabelCounts) F1() float64 {
	return share(2*c.TruePositive, 2*c.TruePositive+c.FalsePositive+c.FalseNegative)
}

func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
