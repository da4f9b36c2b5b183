package xgboost

import (
	"fmt"
	"math/bits"
	"strconv"
	"unicode/utf8"

	"penstock/model"
	"penstock/model/trees"
)

// maxNumbered is how many categories without names a column is given at most; of one
// with more, the number is the feature.
const maxNumbered = 4096

// encoding is the names of one feature's categories: texts, one after the other, or
// numbers.
type encoding struct {
	offsets []int32
	values  []float64 // bytes of texts
}

func (f *file) readCats(s source) error {
	return members(s, map[string]func() error{"enc": func() error {
		f.cats = nil
		return s.array(func() error {
			var e encoding
			err := members(s, map[string]func() error{
				"offsets": ints(s, &e.offsets),
				"values": func() error {
					return s.array(func() error {
						x, err := s.number()
						e.values = append(e.values, x)
						return err
					})
				},
			})
			f.cats = append(f.cats, e)
			return err
		})
	}})
}

// names returns the categories' names, in the order of their numbers; none where the
// file's cannot be trusted. Of pandas' texts XGBoost 3.2 counts characters where it
// means bytes, so that names from the first that is not ASCII on are cut wrongly.
func (e encoding) names() ([]string, error) {
	if e.offsets == nil {
		names := make([]string, len(e.values))
		for i, x := range e.values {
			names[i] = strconv.FormatFloat(x, 'f', -1, 64)
		}
		return names, nil
	}
	bytes := make([]byte, len(e.values))
	ascii := true
	for i, x := range e.values {
		bytes[i] = byte(int16(x))
		ascii = ascii && x >= 0 && x < utf8.RuneSelf
	}
	var names []string
	for i := range len(e.offsets) - 1 {
		from, to := e.offsets[i], e.offsets[i+1]
		if from < 0 || from > to || int(to) > len(bytes) {
			return nil, wrong("offsets", "has %d and %d, of %d bytes", from, to, len(bytes))
		}
		names = append(names, string(bytes[from:to]))
	}
	if !ascii {
		return nil, nil
	}
	return names, nil
}

// columns describes the features where the file does.
func (f *file) columns() ([]model.Column, error) {
	for _, list := range []struct {
		name string
		n    int
	}{{"feature_names", len(f.names)}, {"feature_types", len(f.kinds)}} {
		if list.n != 0 && list.n != f.features {
			return nil, wrong("learner."+list.name, "has %d entries; expected %d, one per feature", list.n, f.features)
		}
	}
	if len(f.names) == 0 && len(f.kinds) == 0 {
		return nil, nil
	}
	columns := make([]model.Column, f.features)
	numbered := f.numbered()
	for i := range columns {
		c := &columns[i]
		*c = model.Column{Name: "f" + strconv.Itoa(i), Kind: model.Number, Missing: true} // as the library calls it
		if len(f.names) > 0 {
			c.Name = f.names[i]
		}
		if len(f.kinds) == 0 || f.kinds[i] != "c" {
			continue
		}
		var categories []string
		if i < len(f.cats) {
			var err error
			if categories, err = f.cats[i].names(); err != nil {
				return nil, within(fmt.Sprintf("learner.gradient_booster.model.cats.enc[%d]", i), err)
			}
		}
		if len(categories) > 0 {
			c.Kind, c.Categories = model.Category, categories
			continue
		}
		// Numbers that are in no set go the way of all others.
		n := numbered[int32(i)]
		if i < len(f.cats) {
			n = max(n, len(f.cats[i].offsets)-1)
		}
		if n > 0 && n <= maxNumbered {
			c.Kind, c.Unknown = model.Category, model.Own
			for k := range n {
				c.Categories = append(c.Categories, strconv.Itoa(k))
			}
		}
	}
	return columns, nil
}

// numbered returns, for each feature with sets, how many categories they take up.
func (f *file) numbered() map[int32]int {
	most := make(map[int32]int)
	for _, t := range f.trees {
		for _, n := range t.Nodes {
			if n.Test == trees.In {
				most[n.Feature] = max(most[n.Feature], 32*len(n.Set)-bits.LeadingZeros32(n.Set[len(n.Set)-1]))
			}
		}
	}
	return most
}
