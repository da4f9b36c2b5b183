package trees

// sums adds up leaves. Whatever found the leaves, they are added here, one by one
// in the order of the trees, so that a row has the same bits from every kernel.
type sums struct {
	width  int
	double bool // sums are float64
	begin  []float64
	trees  []treeSum
	// Values of leaves, those of one tree after the other; one of the two is empty.
	float32s []float32
	float64s []float64
	// What sums go through, in this order: empty, or a number for each.
	divide, scale, add []float64
}

// treeSum says where a tree's leaf values lie, and what they are added to.
type treeSum struct {
	first int
	sum   int // or AllSums
}

func newSums(f *Forest, slots [][]int32) sums {
	s := sums{width: f.Sums, double: f.Sum == Float64, begin: make([]float64, f.Sums), add: append([]float64(nil), f.Add...)}
	copy(s.begin, f.Begin)
	s.divide, s.scale = s.everywhere(f.Divide), s.everywhere(f.Scale)
	values := 0
	for i := range f.Trees {
		t := &f.Trees[i]
		n := len(t.Leaves)
		if slots != nil {
			n = len(slots[i]) * t.width(f)
		}
		s.trees = append(s.trees, treeSum{values, t.Sum})
		values += n
	}
	if s.double {
		s.float64s = make([]float64, 0, values)
	} else {
		s.float32s = make([]float32, 0, values)
	}
	for i := range f.Trees {
		t := &f.Trees[i]
		if slots == nil {
			s.append(t.Leaves)
			continue
		}
		width := t.width(f)
		for _, leaf := range slots[i] {
			s.append(t.Leaves[int(leaf)*width:][:width])
		}
	}
	return s
}

func (s *sums) everywhere(x float64) []float64 {
	if x == 0 {
		return nil
	}
	all := make([]float64, s.width)
	for i := range all {
		all[i] = x
	}
	return all
}

func (s *sums) append(values []float64) {
	if s.double {
		s.float64s = append(s.float64s, values...)
		return
	}
	for _, x := range values {
		s.float32s = append(s.float32s, float32(x))
	}
}

// float is a sum's type.
type float interface{ ~float32 | ~float64 }

// start sets the sums of rows to what they begin with.
func start[F float](s *sums, totals []F) {
	for i := 0; i < len(totals); i += s.width {
		for j, x := range s.begin {
			totals[i+j] = F(x)
		}
	}
}

// collect adds the leaves that rows arrived at in some trees; see walker.walk.
func collect[F float](s *sums, totals, values []F, at []uint32, first, trees, rows int) {
	if rows == 1 && s.width == 1 {
		total := totals[0]
		for t, tree := range s.trees[first:][:trees] {
			total += values[tree.first+int(at[t])]
		}
		totals[0] = total
		return
	}
	for t, tree := range s.trees[first:][:trees] {
		leaves := at[t*rows:][:rows]
		if tree.sum == AllSums {
			for r, leaf := range leaves {
				vector := values[tree.first+int(leaf)*s.width:][:s.width]
				for i, x := range totals[r*s.width:][:s.width] {
					totals[r*s.width+i] = x + vector[i]
				}
			}
			continue
		}
		own := values[tree.first:]
		for r, leaf := range leaves {
			totals[r*s.width+tree.sum] += own[leaf]
		}
	}
}

// finish takes a row's sums through what comes before the link.
func finish[F float](s *sums, row []F) {
	for i, x := range row {
		if len(s.divide) > 0 {
			x /= F(s.divide[i])
		}
		if len(s.scale) > 0 {
			x = F(x * F(s.scale[i])) //nolint:unconvert // the product is rounded before the sum
		}
		if len(s.add) > 0 {
			x += F(s.add[i])
		}
		row[i] = x
	}
}
