package xgboost

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"penstock/model/trees"
)

// file is what a model file says.
type file struct {
	version  string
	names    []string // of the features; empty where it has none
	kinds    []string // of the features, such as "c" for a category
	cats     []encoding
	booster  string
	features int
	groups   int // sums of a row
	base     []float32
	// objective is its name.
	objective string
	best      int  // the best iteration, or -1
	sklearn   bool // the scikit-learn interface saved the model

	trees    []trees.Tree
	widths   []int     // values that a leaf of each tree has
	info     []int32   // the sum that each tree adds to
	rounds   []int32   // where the trees of each iteration begin, and the end
	parallel int       // trees of an iteration for one sum
	drop     []float32 // the trees' weights, of dart

	budget int // bytes that sets of categories may yet take
}

func (f *file) read(s source) error {
	f.best = -1
	seen := false
	err := members(s, map[string]func() error{
		"learner": func() error { seen = true; return f.readLearner(s) },
		"version": func() error {
			var numbers []int32
			err := ints(s, &numbers)()
			f.version = strings.ReplaceAll(strings.Trim(fmt.Sprint(numbers[:min(len(numbers), 4)]), "[]"), " ", ".")
			return err
		},
	})
	if err == nil {
		err = s.end()
	}
	if err == nil && !seen {
		err = wrong("learner", "is missing; expected a model that booster.save_model wrote")
	}
	return err
}

func (f *file) readLearner(s source) error {
	var class, target string
	err := members(s, map[string]func() error{
		"attributes":       func() error { return f.readAttributes(s) },
		"feature_names":    texts(s, &f.names),
		"feature_types":    texts(s, &f.kinds),
		"gradient_booster": func() error { return f.readBooster(s) },
		"objective":        func() error { return members(s, map[string]func() error{"name": text(s, &f.objective)}) },
		"learner_model_param": func() error {
			return members(s, map[string]func() error{
				"base_score":  func() error { return f.readBase(s) },
				"num_class":   text(s, &class),
				"num_target":  text(s, &target),
				"num_feature": count(s, &f.features),
			})
		},
	})
	if err != nil {
		return err
	}
	classes, errClass := whole(class)
	targets, errTarget := whole(target)
	if errClass != nil || errTarget != nil || classes > 1 && targets > 1 {
		return wrong("learner_model_param", "has num_class %q and num_target %q; expected whole numbers, one of them at most above 1", class, target)
	}
	f.groups = max(classes, targets, 1)
	return nil
}

// whole reads a number of things; none is 0.
func whole(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err
}

// count reads a number of things that is written as a string.
func count(s source, into *int) func() error {
	return func() error {
		word, err := s.text()
		if err != nil {
			return err
		}
		if *into, err = whole(word); err != nil {
			return wrong("", "is %q; expected a whole number", word)
		}
		return nil
	}
}

// readBase reads the base score: "5E-1", or since 3.1 "[5E-1]" with one for each sum.
func (f *file) readBase(s source) error {
	word, err := s.text()
	if err != nil {
		return err
	}
	f.base = nil
	for part := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(word, "["), "]"), ",") {
		x, ok := parseFloat(strings.TrimSpace(part))
		if !ok {
			return wrong("", "is %q; expected a number, or a list of them", word[:min(len(word), 100)])
		}
		f.base = append(f.base, x)
	}
	return nil
}

// readAttributes looks for what early stopping and the scikit-learn interface leave.
func (f *file) readAttributes(s source) error {
	return members(s, map[string]func() error{
		"scikit_learn":   func() error { f.sklearn = true; return s.skip() },
		"best_iteration": count(s, &f.best),
	})
}

// readBooster reads gbtree, or dart, which has a gbtree within.
func (f *file) readBooster(s source) error {
	readers := map[string]func() error{
		"model":       func() error { return f.readModel(s) },
		"name":        text(s, &f.booster),
		"weight_drop": floats(s, &f.drop),
	}
	readers["gbtree"] = func() error {
		return members(s, map[string]func() error{"model": readers["model"]})
	}
	return members(s, readers)
}

func (f *file) readModel(s source) error {
	if s.isArray() { // gblinear's; its name says so
		return s.skip()
	}
	return members(s, map[string]func() error{
		"gbtree_model_param": func() error {
			return members(s, map[string]func() error{"num_parallel_tree": count(s, &f.parallel)})
		},
		"tree_info":        ints(s, &f.info),
		"iteration_indptr": ints(s, &f.rounds),
		"cats":             func() error { return f.readCats(s) },
		"trees": func() error {
			f.trees, f.widths = nil, nil
			err := s.array(func() error {
				t, width, err := f.readTree(s)
				f.trees, f.widths = append(f.trees, t), append(f.widths, width)
				return within(fmt.Sprintf("[%d]", len(f.trees)-1), err)
			})
			f.trees = slices.Clip(f.trees)
			return err
		},
	})
}
