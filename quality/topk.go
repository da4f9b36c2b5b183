package quality

// mostTop is up to which k the share of rows is known whose truth is among the k
// likeliest classes.
const mostTop = 5

// rank counts a labelled row whose truth has so many likelier classes.
func (one *Series) rank(likelier int) {
	one.ranked++
	if likelier < mostTop {
		one.ranks[likelier]++
	}
}

// rankAgain counts a row that is read again, of whose prediction the details are there.
func (one *Series) rankAgain(d *detail, o *outcome) {
	if d.form != formNone && o.distributed {
		one.rank(Distribution{d, one.classes}.Rank(o.probability))
	}
}

// TopK is, for k from 1 to 5, the share of labelled rows whose true class is among the
// k likeliest (sklearn.metrics.top_k_accuracy_score, where no two probabilities are the
// same), since labels began to come. It is nil for other outputs, for
// two classes, and without labels. After a crash, rows are left out whose prediction and
// label both came after the last state that was kept.
func (one *Series) TopK() []float64 {
	one.store.mu.Lock()
	defer one.store.mu.Unlock()
	if one.ranked == 0 || one.classes < 3 {
		return nil
	}
	var sum uint64
	top := make([]float64, 0, mostTop)
	for k := range min(mostTop, one.classes-1) {
		sum += one.ranks[k]
		top = append(top, float64(sum)/float64(one.ranked))
	}
	return top
}
