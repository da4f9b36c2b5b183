package measure

// Score are the measures of one class or of an average: precision_score, recall_score
// and f1_score of scikit-learn with zero_division=0, so 0 where there is nothing to
// divide by.
type Score struct{ Precision, Recall, F1 float64 }

// ClassScore is of one class.
type ClassScore struct {
	Class string
	Score
	Support uint64 // rows that are of this class
}

// Averages are over the classes that were predicted or true at least once, as
// scikit-learn does: Macro counts each of them alike, Weighted by its support, and
// Micro is of all rows together, where all three measures are the accuracy.
type Averages struct{ Macro, Weighted, Micro Score }

// PerClass reads a confusion matrix, cells[truth][prediction] in rows. It has as many
// rows and columns as there are classes.
func PerClass(cells [][]uint64, classes []string) ([]ClassScore, Averages) {
	scores := make([]ClassScore, len(classes))
	var averages Averages
	var present, rows, right float64
	for k, class := range classes {
		truths, predictions := row(cells, k), column(cells, k)
		hits := float64(cells[k][k])
		scores[k] = ClassScore{Class: class, Support: truths, Score: score(hits, float64(predictions), float64(truths))}
		if truths+predictions == 0 {
			continue
		}
		present++
		rows += float64(truths)
		right += hits
		averages.Macro.add(scores[k].Score, 1)
		averages.Weighted.add(scores[k].Score, float64(truths))
	}
	averages.Macro = averages.Macro.by(present)
	averages.Weighted = averages.Weighted.by(rows)
	averages.Micro = score(right, rows, rows)
	return scores, averages
}

// score is of the rows predicted to be something, those that are, and those of both.
func score(hits, predictions, truths float64) Score {
	return Score{
		Precision: quotient(hits, predictions),
		Recall:    quotient(hits, truths),
		F1:        quotient(2*hits, predictions+truths),
	}
}

func (s *Score) add(other Score, weight float64) {
	s.Precision += weight * other.Precision
	s.Recall += weight * other.Recall
	s.F1 += weight * other.F1
}

func (s Score) by(weight float64) Score {
	return Score{quotient(s.Precision, weight), quotient(s.Recall, weight), quotient(s.F1, weight)}
}

func row(cells [][]uint64, k int) (sum uint64) {
	for _, count := range cells[k] {
		sum += count
	}
	return sum
}

func column(cells [][]uint64, k int) (sum uint64) {
	for _, row := range cells {
		sum += row[k]
	}
	return sum
}

// quotient is 0 where there is nothing to divide by.
func quotient(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}
