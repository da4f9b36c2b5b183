package quality

import "fmt"

// maxConfusionClasses keeps a confusion matrix within 512 KiB.
const maxConfusionClasses = 256

// classJudge judges the one class of each row. A prediction is the index of a
// class, with the confidence in it.
type classJudge struct {
	classes   []string
	names     names
	confusion []uint64 // classes × classes, the true class first; made at the first label
	bins      calibration
}

// NewClassJudge judges a classification. The label of a row is the name of a
// class as a text, or a number: it means the class whose name is that number as
// it was written, or else the one class whose name has the same value. In a
// binary frame it is the index of a class. The names are kept, not copied.
func NewClassJudge(classes []string) Judge {
	return &classJudge{classes: classes, names: newNames(classes)}
}

func (j *classJudge) Measure() Measure { return RightOrWrong }

func (j *classJudge) Width() int { return 1 }

func (j *classJudge) LabelWidth() int { return 1 }

func (j *classJudge) Read(dst []float64, row int, l Label) ([]float64, error) {
	class, err := readName(&j.names, j.classes, row, l)
	if err != nil {
		return nil, err
	}
	return append(dst, float64(class)), nil
}

func (j *classJudge) ReadBinary(dst []float64, row int, values []float32) ([]float64, error) {
	value := values[0]
	if i := int(value); float32(i) != value || i < 0 || i >= len(j.classes) {
		return nil, &BadLabelError{
			Row:      row,
			Got:      number(float64(value)),
			Expected: fmt.Sprintf("a class index from 0 to %d", len(j.classes)-1),
		}
	}
	return append(dst, float64(value)), nil
}

func (j *classJudge) Judge(values, confidences []float32, truth []float64) Verdict {
	predicted, class := values[0], int(truth[0])
	correct := predicted == float32(class)
	if len(confidences) > 0 {
		j.bins.add(confidences[0], correct)
	}
	j.confuse(int(predicted), class)
	return Verdict{Correct: correct}
}

func (j *classJudge) confuse(predicted, class int) {
	n := len(j.classes)
	if n > maxConfusionClasses || predicted < 0 || predicted >= n {
		return
	}
	if j.confusion == nil {
		j.confusion = make([]uint64, n*n)
	}
	j.confusion[class*n+predicted]++
}

func (j *classJudge) Describe(s *Snapshot) {
	s.Classes = j.classes
	s.Confusion = j.confusionRows()
	s.Calibration, s.CalibrationError = j.bins.describe()
}

func (j *classJudge) confusionRows() [][]uint64 {
	if j.confusion == nil {
		return nil
	}
	n := len(j.classes)
	cells := append([]uint64(nil), j.confusion...)
	rows := make([][]uint64, n)
	for i := range rows {
		rows[i] = cells[i*n : (i+1)*n : (i+1)*n]
	}
	return rows
}
