package serving

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/inference"
	"penstock/lockorder"
	"penstock/model"
	"penstock/outputs"
	"penstock/quality"
	"penstock/quality/shift"
)

// CatalogOptions say what all deployments have in common.
type CatalogOptions struct {
	// Kinds are the kinds of outputs that models may have. Default: outputs.Standard.
	Kinds outputs.Table
	// Quality judges predictions by their labels. Required.
	Quality *quality.Store
	// Registerer takes the metrics of pools, and gives them up with their deployment.
	// Default: none.
	Registerer prometheus.Registerer
}

// Catalog is the models that are served at a moment. It is safe for concurrent use:
// who reads takes a Snapshot, which never changes.
type Catalog struct {
	opt CatalogOptions

	changing lockorder.Mutex[lockorder.Catalog] // one change at a time
	now      atomic.Pointer[Snapshot]
}

// Snapshot is a catalog as it was at a moment.
type Snapshot struct {
	// Revision counts changes from 0, the empty catalog.
	Revision uint64
	// Deployments in the order in which they came; the first is the default. Nobody
	// may change the slice.
	Deployments []*Deployment

	named map[string]*Deployment
}

// NewCatalog returns an empty catalog.
func NewCatalog(opt CatalogOptions) (*Catalog, error) {
	if opt.Quality == nil {
		return nil, errors.New("serving: Quality is nil; labels need a store")
	}
	if opt.Kinds == nil {
		opt.Kinds = outputs.Standard()
	}
	c := &Catalog{opt: opt}
	c.now.Store(newSnapshot(0, nil))
	return c, nil
}

// Now returns the catalog of the moment.
func (c *Catalog) Now() *Snapshot { return c.now.Load() }

// Candidate is a model that is to be served.
type Candidate struct {
	// Model must outlive the deployment's pool.
	Model model.Model
	// Pool bounds its pool; its Registerer is the catalog's.
	Pool inference.Options
	// Accuracy is what was measured of the model before, 0 to 1; nil is unknown.
	Accuracy *float64
	Facts    Facts
	// Weight is its part of the requests that name the model and no version, beside
	// that of other versions. It is kept for whoever places requests; today the first
	// version gets them all.
	Weight float64
}

// Add takes a model into the catalog. Its pool is made and not started: the caller
// runs it, and requests are welcome as soon as it does.
//
// Two versions of a model may stand side by side: who asks for NAME gets the one that
// came first, who asks for NAME@VERSION that one. The same version twice is a
// *TakenError.
func (c *Catalog) Add(candidate Candidate) (*Deployment, error) {
	c.changing.Lock()
	defer c.changing.Unlock()
	was := c.Now()
	spec := candidate.Model.Spec()
	if was.named[key(spec.Name, spec.Version)] != nil {
		return nil, &TakenError{Name: spec.Name, Version: spec.Version}
	}
	d, err := c.deploy(candidate)
	if err != nil {
		return nil, err
	}
	c.now.Store(newSnapshot(was.Revision+1, append(slices.Clip(was.Deployments), d)))
	return d, nil
}

func (c *Catalog) deploy(candidate Candidate) (*Deployment, error) {
	spec := candidate.Model.Spec()
	made, err := c.opt.Kinds.Of(spec)
	if err != nil {
		return nil, err
	}
	candidate.Pool.Registerer = c.opt.Registerer
	pool, err := inference.New(candidate.Model, candidate.Pool)
	if err != nil {
		return nil, err
	}
	series, err := c.opt.Quality.Add(quality.Model{
		Name: spec.Name, Version: spec.Version, Judge: made[0].Judge(), Accuracy: candidate.Accuracy,
		Kind: string(made[0].Output.Kind), Classes: made[0].Classes, Scores: made[0].Width,
		Shift: shift.New(candidate.Facts.Reference, spec),
	})
	if err != nil {
		pool.Unregister()
		return nil, err
	}
	return newDeployment(candidate, pool, series, made), nil
}

// Remove takes a deployment out of the catalog. Requests that hold it are answered;
// its metrics are given up; labels still find its predictions. The caller ends its
// pool, and closes its model after that. It reports whether the deployment was there.
func (c *Catalog) Remove(d *Deployment) bool {
	c.changing.Lock()
	defer c.changing.Unlock()
	was := c.Now()
	i := slices.Index(was.Deployments, d)
	if i < 0 {
		return false
	}
	c.now.Store(newSnapshot(was.Revision+1, slices.Delete(slices.Clone(was.Deployments), i, i+1)))
	d.Pool.Unregister()
	c.opt.Quality.Remove(d.Series)
	return true
}

func newSnapshot(revision uint64, list []*Deployment) *Snapshot {
	s := &Snapshot{Revision: revision, Deployments: list, named: make(map[string]*Deployment, 2*len(list))}
	for _, d := range slices.Backward(list) { // the first of a name comes last, and stays
		s.named[d.Spec.Name] = d
		s.named[d.Key] = d
	}
	return s
}

// Default is the deployment of requests that name none; nil in an empty catalog.
func (s *Snapshot) Default() *Deployment {
	if len(s.Deployments) == 0 {
		return nil
	}
	return s.Deployments[0]
}

// Find returns the deployment of a name, or of NAME@VERSION; of no name, the default.
// It is nil where there is none.
func (s *Snapshot) Find(name []byte) *Deployment {
	if len(name) == 0 {
		return s.Default()
	}
	return s.named[string(name)]
}

// key is how a deployment is named: no name of a bundle has an @.
func key(name, version string) string { return name + "@" + version }

// TakenError refuses a version of a model that is served already.
type TakenError struct{ Name, Version string }

func (e *TakenError) Error() string {
	return fmt.Sprintf("model %q is served in version %q already; give the other a name or a version of its own", e.Name, e.Version)
}

// Facts are what is known of a model beyond its spec: where its weights came from,
// and how the check of its golden rows went.
type Facts struct {
	File   string // that the weights came from, within the bundle; empty: nothing is known
	Bytes  int64  // of that file
	SHA256 string // of that file, measured, in hexadecimal

	GoldenRows      int     // golden rows that were predicted; 0: the bundle has none
	GoldenMaxDiff   float64 // largest difference between a golden score and the engine's
	GoldenTolerance float64 // that is allowed
	GoldenDuration  time.Duration

	Source    model.Source     // which library the model came from
	Reference *model.Reference // what rows usually hold; nil: not known
	Processes model.Processes  // that run the model; nil: this one does
}
