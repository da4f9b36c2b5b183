package trees

import "math"

// columns are what the nodes of a forest of comparisons look at: features, each once
// for the nodes that send a missing one right, and once for those that send it left.
type columns struct {
	features int
	all      []column
}

type column struct {
	feature     int32
	missingLeft bool
}

// columnIndex finds a column in columns.all.
type columnIndex map[column]uint32

// of is the column that a node looks at.
func (c columnIndex) of(n *Node) uint32 { return c[column{n.Feature, n.MissingLeft}] }

// comparedColumns returns false where a node asks for more than x < threshold.
func comparedColumns(f *Forest) (columns, columnIndex, bool) {
	c, index := columns{features: f.Features}, columnIndex{}
	for t := range f.Trees {
		for i := range f.Trees[t].Nodes {
			n := &f.Trees[t].Nodes[i]
			if n.Test != Less || n.ZeroMissing {
				return columns{}, nil, false
			}
			own := column{n.Feature, n.MissingLeft}
			if _, known := index[own]; !known {
				index[own] = uint32(len(c.all))
				c.all = append(c.all, own)
			}
		}
	}
	return c, index, true
}

// keys writes, row by row, the key of each column.
func (c *columns) keys(keys []int32, features []float32, rows int) {
	for r := range rows {
		row := features[r*c.features:][:c.features]
		own := keys[r*len(c.all):][:len(c.all)]
		for i, column := range c.all {
			x := row[column.feature]
			k := key(x)
			if x != x {
				k = math.MaxInt32
				if column.missingLeft {
					k = math.MinInt32
				}
			}
			own[i] = k
		}
	}
}

// key maps numbers to integers of the same order: integers are compared without a
// branch. Those of the infinities lie within MinInt32 and MaxInt32, which are for
// what is missing.
func key(x float32) int32 {
	k := int32(math.Float32bits(x + 0)) // −0 is 0
	return k ^ int32(uint32(k>>31)>>1)
}
