package quality

import (
	"errors"
	"strconv"
	"time"
)

// Label is a true answer as a client wrote it: a text, a number, or a list of
// these.
type Label struct {
	Text   string  // the text, or the digits of the number; without, those of Number count
	Number float64 // the number, as near as a float64 comes
	IsText bool
	List   []Label
	IsList bool
}

// digits are those of a number.
func (l *Label) digits() string {
	if l.Text == "" {
		return number(l.Number)
	}
	return l.Text
}

// described is what an error says that the label is.
func (l *Label) described() string {
	switch {
	case l.IsList:
		return "a list of " + strconv.Itoa(len(l.List))
	case l.IsText:
		return quoted(l.Text)
	default:
		return shortened(l.digits())
	}
}

// Result tells what a prediction turned out to be worth.
type Result struct {
	Series *Series
	Rows   int
	// Correct tells for each row whether it was right. It is nil where no answer
	// is simply right or wrong: unless the measure of the series is RightOrWrong.
	Correct []bool
	Delay   time.Duration // from the prediction to its label
}

// Label joins a prediction with its true answers, one per row. What they may be
// is up to the judge of the prediction's series.
//
// may is asked whether the prediction's series may be labelled by who sends this; it
// does not block, nor call the store. Nil allows all.
//
// The error is ErrUnknownRequest, ErrDuplicateFeedback, a *BadLabelError, or what may
// returned; none of them counts anything, and after the last two the prediction still
// waits for its label.
func (s *Store) Label(scope Scope, id []byte, labels []Label, may func(*Series) error) (Result, error) {
	return s.join(scope, id, sent{labels: labels, may: may})
}

// LabelIndices is Label for binary frames: the label of a row is LabelWidth
// numbers of its judge, such as the index of a class.
func (s *Store) LabelIndices(scope Scope, id []byte, labels []float32, may func(*Series) error) (Result, error) {
	return s.join(scope, id, sent{numbers: labels, binary: true, may: may})
}

// Remembers reports whether a label for this request would find a prediction.
func (s *Store) Remembers(scope Scope, id []byte) bool {
	key := scope.key(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.memory.find(key) != none
}

// sent is what a client sent for one request.
type sent struct {
	labels  []Label
	numbers []float32
	binary  bool
	may     func(*Series) error
}

// read appends the truths of all rows.
func (l *sent) read(dst []float64, j Judge, rows int) ([]float64, error) {
	width, got := j.LabelWidth(), len(l.labels)+len(l.numbers)
	switch {
	case width == 0:
		return nil, noLabels(got)
	case !l.binary && got != rows, width == 1 && got != rows:
		return nil, wrongCount(got, rows)
	case l.binary && got != rows*width:
		return nil, wrongNumbers(got, rows, width)
	}
	var err error
	for row := 0; row < rows && err == nil; row++ {
		if l.binary {
			dst, err = j.ReadBinary(dst, row, l.numbers[row*width:(row+1)*width])
		} else {
			dst, err = j.Read(dst, row, l.labels[row])
		}
	}
	return dst, err
}

func (s *Store) join(scope Scope, id []byte, labels sent) (Result, error) {
	l := labelling{sent: labels, key: scope.key(id), scope: scope, now: time.Since(s.epoch)}
	if s.recording || s.rows != nil {
		l.id = string(id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	result, err := s.joinLocked(&l)
	s.feedback.count(err)
	return result, err
}

// labelling is one request's labels on their way.
type labelling struct {
	sent
	key          key
	scope        Scope
	id           string
	now          time.Duration
	caller, name string
	voice        uint64 // the caller's key
	weight       float64
}

func (s *Store) joinLocked(labels *labelling) (Result, error) {
	position := s.memory.find(labels.key)
	if position == none {
		return Result{}, ErrUnknownRequest
	}
	head := s.memory.requests.at(position)
	if head.labelled {
		return Result{}, ErrDuplicateFeedback
	}
	series := s.memory.series.at(head.series)
	if labels.may != nil {
		if err := labels.may(series); err != nil {
			return Result{}, err
		}
	}
	rows := series.rows(head)
	truths, err := labels.read(s.truths[:0], series.judge, rows)
	if err != nil {
		return Result{}, err
	}
	s.truths = truths
	head.labelled = true
	result := Result{Series: series, Rows: rows, Delay: max(0, labels.now-time.Duration(head.at))}
	if series.counts.Measure == RightOrWrong {
		result.Correct = make([]bool, rows)
	}
	s.countLabeller(head, rows, labels)
	series.delay(result.Delay, rows)
	series.labelled(head.at, s.judge(series, head, labels, truths, result.Correct))
	if cap(s.truths) > mostScratch {
		s.truths = nil
	}
	return result, nil
}

// mostScratch is how many truths the store keeps room for: a rare large request
// is not to hold memory for ever.
const mostScratch = 1 << 16

// judge compares the rows of a request with their truths.
func (s *Store) judge(series *Series, head *kept, labels *labelling, truths []float64, correct []bool) told {
	told := told{rows: uint64(series.rows(head)), weight: labels.weight}
	width := len(truths) / int(told.rows)
	next := head.details
	s.memory.each(head, series.judge.Width(), func(row int, values, confidences []float32) {
		o := outcome{at: s.unix(int64(labels.now)), row: row, values: values, confidences: confidences, truth: truths[row*width : (row+1)*width]}
		if next != none {
			o.detail = s.memory.details.at(next)
			next = o.detail.next
		}
		v := series.outcome(&o, labels.voice)
		if s.rows != nil {
			series.worsen(&o, labels, head)
		}
		if s.recording {
			s.record.keep(series, head, labels, &o)
		}
		told.add(series, v)
		if correct != nil {
			correct[row] = v.Correct
		}
	})
	return told
}

// outcome judges a row and learns from it.
func (one *Series) outcome(o *outcome, caller uint64) Verdict {
	o.verdict, o.probability = one.judge.Judge(o.values, o.confidences, o.truth), noConfidence
	if d := o.detail; d != nil {
		o.slice = d.slice
		if d.form != formNone {
			is := Distribution{d, one.classes}
			o.distributed, o.probability, o.squares = true, is.Of(int(o.truth[0])), is.Squares()
			one.rank(is.Rank(o.probability))
		}
	}
	one.learn(o, caller)
	return o.verdict
}

func (s *Store) countLabeller(head *kept, rows int, l *labelling) {
	scope := s.memory.holders.at(head.holder)
	caller := s.memory.holders.at(scope.parent)
	s.scopes.labelled(scope.key, scope.name, uint64(rows), l.now)
	s.callers.labelled(caller.key, caller.name, uint64(rows), l.now)
	l.caller, l.name, l.voice = caller.name, scope.name, s.voice(caller.name)
	l.weight = s.memory.series.at(head.series).voices.weigh(l.voice, l.caller)
}

// feedbackCounts counts labels by what became of them, in requests. Those that somebody
// had no right to send are not among them.
type feedbackCounts struct{ joined, unknown, duplicate, bad uint64 }

func (f *feedbackCounts) count(err error) {
	var bad *BadLabelError
	switch {
	case err == nil:
		f.joined++
	case errors.Is(err, ErrUnknownRequest):
		f.unknown++
	case errors.Is(err, ErrDuplicateFeedback):
		f.duplicate++
	case errors.As(err, &bad):
		f.bad++
	}
}
