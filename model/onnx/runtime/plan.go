package main

import (
	"fmt"
	"slices"
)

// Element types, as ONNX counts them.
const (
	float32s = 1
	uint8s   = 2
	int8s    = 3
	uint16s  = 4
	int16s   = 5
	int32s   = 6
	int64s   = 7
	strings  = 8
	bools    = 9
	float64s = 11
)

var sizes = map[int]int{float32s: 4, uint8s: 1, int8s: 1, uint16s: 2, int16s: 2, int32s: 4, int64s: 8, strings: 0, bools: 1, float64s: 8}

// input says which features of a row are an input of the model.
type input struct {
	tensor
	from, count int
	rest        []int64 // of a row: all dimensions but the first
	scalar      bool
}

// plan maps the features of a row to inputs, in their order, and says whether the
// model takes but one row at a time.
func plan(tensors []tensor, c *config) (inputs []input, single bool, err error) {
	open := -1 // the input of which a dimension is not known
	left := c.Features
	for i, t := range tensors {
		if _, ok := sizes[t.Type]; !ok {
			return nil, false, fmt.Errorf("input %q has elements of type %d of ONNX; expected numbers of 8 to 64 bits, booleans or strings", t.Name, t.Type)
		}
		in := input{tensor: t, count: 1, scalar: len(t.Dims) == 0}
		if in.scalar {
			single = true
		} else {
			if t.Dims[0] > 1 || t.Dims[0] == 0 {
				return nil, false, fmt.Errorf("input %q takes %d rows at a time, no more and no fewer; export the model with a batch axis that is dynamic, or 1", t.Name, t.Dims[0])
			}
			single = single || t.Dims[0] == 1
			in.rest = slices.Clone(t.Dims[1:])
			if len(tensors) == 1 && len(c.Shape) == len(in.rest) {
				copy(in.rest, c.Shape)
			}
			unknown := 0
			for _, d := range in.rest {
				if d < 1 {
					unknown++
				} else if in.count *= int(d); in.count > c.Features {
					return nil, false, fmt.Errorf("input %q takes %d values or more of a row; the model is said to have %d features", t.Name, in.count, c.Features)
				}
			}
			if unknown > 1 || unknown == 1 && open >= 0 {
				return nil, false, fmt.Errorf("input %q has dimensions %v, and more than one is not known; give input.shape in a manifest", t.Name, t.Dims)
			}
			if unknown == 1 {
				open = i
				inputs = append(inputs, in)
				continue
			}
		}
		left -= in.count
		inputs = append(inputs, in)
	}
	if open >= 0 {
		in := &inputs[open]
		if left < in.count || left%in.count != 0 {
			return nil, false, fmt.Errorf("input %q has dimensions %v, which do not go with %d features; correct features or input.shape", in.Name, in.Dims, c.Features)
		}
		for d := range in.rest {
			if in.rest[d] < 1 {
				in.rest[d] = int64(left / in.count)
			}
		}
		in.count, left = left, 0
	}
	if left != 0 {
		return nil, false, fmt.Errorf("the model's inputs take %d values of a row; %d features were given", c.Features-left, c.Features)
	}
	from := 0
	for i := range inputs {
		inputs[i].from = from
		from += inputs[i].count
		if err := inputs[i].accepts(c); err != nil {
			return nil, false, err
		}
	}
	return inputs, single, nil
}

// accepts checks that the columns of an input are of its type.
func (in *input) accepts(c *config) error {
	for f := in.from; f < in.from+in.count; f++ {
		if in.Type == strings && (f >= len(c.Categories) || len(c.Categories[f]) == 0) {
			return fmt.Errorf("input %q takes strings; give column %d the kind category, with its categories", in.Name, f)
		}
		if in.Type != float32s && in.Type != float64s && f < len(c.Missing) && c.Missing[f] {
			return fmt.Errorf("input %q takes no missing values, as only inputs of floating point numbers do; feature %d may be missing: give input.fill, or leave out missing", in.Name, f)
		}
	}
	return nil
}

// output is one that is asked for.
type output struct {
	tensor
	rest  []int64
	width int
}

// choose returns the outputs whose values are a row's scores. Those of floating
// point numbers go before labels, and all of them before one.
func choose(all []output, width int) ([]output, error) {
	floats := slices.DeleteFunc(slices.Clone(all), func(o output) bool { return o.Type != float32s && o.Type != float64s })
	for _, some := range [][]output{floats, all} {
		sum := 0
		for _, o := range some {
			sum += o.width
		}
		if sum == width {
			return some, nil
		}
	}
	for _, name := range []string{"probabilities", "probability", "output_probability", ""} {
		for _, o := range floats {
			if o.width == width && (o.Name == name || name == "") {
				return []output{o}, nil
			}
		}
	}
	told := ""
	for _, o := range all {
		told += fmt.Sprintf(" %q of %d", o.Name, o.width)
	}
	return nil, fmt.Errorf("no outputs of the model have %d values a row together; it has%s", width, told)
}
