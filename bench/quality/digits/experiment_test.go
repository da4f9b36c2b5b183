package digits

import (
	"math"
	"math/rand/v2"

	"penstock/model"
	"penstock/quality/calibrate"
	"penstock/quality/conformal"
)

// Images are digits with what they are.
type Images struct {
	Pixels []byte // 784 for each
	Labels []int
}

// Part is the images from one to before another.
func (m *Images) Part(from, to int) Images {
	return Images{m.Pixels[from*side*side : to*side*side], m.Labels[from:to]}
}

// Shuffle brings them into an order that the seed says. MNIST has those of tidy
// writers first.
func (m *Images) Shuffle(seed uint64) {
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(m.Labels), func(i, j int) {
		m.Labels[i], m.Labels[j] = m.Labels[j], m.Labels[i]
		a, b := m.Pixels[i*side*side:][:side*side], m.Pixels[j*side*side:]
		for k := range a {
			a[k], b[k] = b[k], a[k]
		}
	})
}

// Alphas of the sets that are measured.
func Alphas() []float64 { return []float64{.05, .1, .2} }

// callers is how many clients send the rows, in turn.
const callers = 100

// Result is of one shift.
type Result struct {
	Accuracy float64 // of the fresh rows
	// RawECE and ECE are of the fresh rows, as the model gave the confidences and with
	// the calibrator in force after the shift's labels.
	RawECE, ECE float64
	Calibrator  string
	Changes     int // during the shift's labels
	// Beta is the ECE of beta calibration fitted to the fresh rows themselves: what no line
	// through ln p and −ln(1−p) does away with.
	Beta float64
	// FixedCoverage and Coverage are the shares of fresh rows whose truth was in the set
	// of each alpha: with the thresholds of before the shift, and with levels that follow.
	FixedCoverage, Coverage, Size []float64
	// FirstCoverage is of the labels of the shift themselves, while the window still has
	// rows from before it.
	FirstCoverage []float64
}

// answer is what the model says of one image.
type answer struct {
	probabilities [10]float32
	truth         int
}

func (a *answer) top() (class int, confidence float32) {
	for i, p := range a.probabilities {
		if p > confidence {
			class, confidence = i, p
		}
	}
	return class, confidence
}

// Run lets in unshifted labels first, then the shift's labels, and measures on fresh
// rows: rows times an image of fresh, each changed anew.
func Run(m model.Model, seed uint64, shift Shift, usual, labelled, fresh Images, rows int) (Result, error) {
	r := rand.New(rand.NewPCG(seed, 20260301))
	var before, during, after []answer
	var err error
	for _, part := range []struct {
		into   *[]answer
		images Images
		shift  Shift
		rows   int
	}{
		{&before, usual, None(), len(usual.Labels)},
		{&during, labelled, shift, calibrate.Window},
		{&after, fresh, shift, rows},
	} {
		if *part.into, err = answers(m, r, part.shift, part.images, part.rows); err != nil {
			return Result{}, err
		}
	}
	return measure(before, during, after), nil
}

func measure(before, during, after []answer) Result {
	var result Result
	fitter := calibrate.NewFitter()
	sets := newSets()
	for i, a := range before {
		learn(fitter, &a, i)
		sets.add(&a)
	}
	fixed := sets.thresholds()
	sets.reset()
	for i, a := range during {
		if learn(fitter, &a, i) {
			result.Changes++
		}
		sets.add(&a)
	}
	result.FirstCoverage, _ = sets.shares()
	result.Calibrator = fitter.Current().String()
	result.RawECE = ece(after, nil)
	result.ECE = ece(after, fitter.Current())
	result.Beta = ece(after, best(after))

	sets.reset()
	result.FixedCoverage = make([]float64, len(fixed))
	for _, a := range after {
		if class, _ := a.top(); class == a.truth {
			result.Accuracy += 1 / float64(len(after))
		}
		for i, t := range fixed {
			if a.probabilities[a.truth] >= t {
				result.FixedCoverage[i] += 1 / float64(len(after))
			}
		}
		sets.add(&a)
	}
	result.Coverage, result.Size = sets.shares()
	return result
}

func learn(f *calibrate.Fitter, a *answer, i int) (changed bool) {
	class, confidence := a.top()
	return f.Add(confidence, class == a.truth, uint64(i%callers)) != nil
}

// answers asks the model about rows images, one after the other and round again.
func answers(m model.Model, r *rand.Rand, shift Shift, images Images, rows int) ([]answer, error) {
	const batch = 64
	s, err := m.NewSession(batch)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	features, scores := make([]float32, batch*side*side), make([]float32, batch*10)
	all := make([]answer, 0, rows)
	for len(all) < rows {
		n := min(batch, rows-len(all))
		for i := range n {
			at := (len(all) + i) % len(images.Labels)
			changed(r, shift, images.Pixels[at*side*side:][:side*side], features[i*side*side:][:side*side])
		}
		if err := s.Predict(scores[:n*10], features[:n*side*side], n); err != nil {
			return nil, err
		}
		for i := range n {
			a := answer{truth: images.Labels[len(all)%len(images.Labels)]}
			copy(a.probabilities[:], scores[i*10:])
			all = append(all, a)
		}
	}
	return all, nil
}

func changed(r *rand.Rand, shift Shift, pixels []byte, into []float32) {
	var m image
	for i, pixel := range pixels {
		m[i] = float64(pixel) / 255
	}
	shift.change(r, &m)
	for i, x := range m {
		into[i] = float32(x)
	}
}

// ece is the expected calibration error over 15 equally wide bins.
func ece(rows []answer, c *calibrate.Calibrator) float64 {
	var apart [15]float64
	for _, a := range rows {
		class, confidence := a.top()
		p := c.Apply(confidence)
		right := 0.0
		if class == a.truth {
			right = 1
		}
		apart[min(int(p*15), 14)] += float64(p) - right
	}
	var sum float64
	for _, x := range apart {
		sum += math.Abs(x)
	}
	return sum / float64(len(rows))
}

func best(rows []answer) *calibrate.Calibrator {
	var p []float64
	var right []bool
	for _, a := range rows {
		class, confidence := a.top()
		p, right = append(p, float64(confidence)), append(right, class == a.truth)
	}
	c := calibrate.FitBeta(p, right, nil)
	return &c
}

// sets counts how often the truth was in the set of each alpha, as labels come.
type sets struct {
	window         *conformal.Window
	alphas         []float64
	rows           int
	covered, sizes []int
	members        []uint16
}

func newSets() *sets {
	s := &sets{window: conformal.New(), alphas: Alphas()}
	s.reset()
	return s
}

func (s *sets) reset() {
	s.rows, s.covered, s.sizes = 0, make([]int, len(s.alphas)), make([]int, len(s.alphas))
}

func (s *sets) add(a *answer) {
	s.rows++
	conformity := a.probabilities[a.truth]
	for i, alpha := range s.alphas {
		if covered, _ := s.window.Judge(alpha, conformity); covered {
			s.covered[i]++
		}
		s.members = conformal.Members(s.members[:0], a.probabilities[:], s.window.Threshold(alpha))
		s.sizes[i] += len(s.members)
	}
	s.window.Add(conformity)
}

func (s *sets) thresholds() []float32 {
	var t []float32
	for _, alpha := range s.alphas {
		t = append(t, s.window.Threshold(alpha))
	}
	return t
}

// shares are the coverage of each alpha, and the mean size of its sets.
func (s *sets) shares() (coverage, size []float64) {
	for i := range s.alphas {
		coverage = append(coverage, float64(s.covered[i])/float64(s.rows))
		size = append(size, float64(s.sizes[i])/float64(s.rows))
	}
	return coverage, size
}
