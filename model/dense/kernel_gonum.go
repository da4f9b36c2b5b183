package dense

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Gonum's Sgemm starts goroutines, and allocates, once a result spans four
// blocks of 64 × 64. blockRows rows by panelColumns columns are three blocks,
// which it computes where it is called: a worker keeps to its own core.
const (
	blockRows    = 64
	panelColumns = 192
)

// panels holds a layer's weights transposed, [in][out], and cut into panels of
// panelColumns columns, each contiguous.
//
// Without transposition Sgemm adds a·b to every element of a row of c, for one
// input after the other. Each score is thus one chain of additions in the
// order of the inputs, whatever the batch and wherever it lies in memory. (Its
// form for a transposed B is a dot product that depends on how its operands
// are aligned, and so is no use here.) It also skips inputs that are zero,
// which most pixels and half of what a ReLU leaves are.
type panels struct {
	in, out int
	bias    []float32
	weight  [][]float32
}

func packGonum(l Layer) (_ product, activated bool) {
	p := &panels{in: l.In, out: l.Out, bias: make([]float32, l.Out)}
	copy(p.bias, l.Bias)
	for first := 0; first < l.Out; first += panelColumns {
		columns := min(panelColumns, l.Out-first)
		panel := make([]float32, l.In*columns)
		for c := range columns {
			for i := range l.In {
				panel[i*columns+c] = l.Weight[(first+c)*l.In+i]
			}
		}
		p.weight = append(p.weight, panel)
	}
	return p, false
}

func (p *panels) multiply(dst, src []float32, rows int, _ *workspace) {
	for r := range rows {
		copy(dst[r*p.out:(r+1)*p.out], p.bias)
	}
	for from := 0; from < rows; from += blockRows {
		block := min(blockRows, rows-from)
		a, c := src[from*p.in:], dst[from*p.out:]
		for i, panel := range p.weight {
			first := i * panelColumns
			columns := min(panelColumns, p.out-first)
			// Called by name, because blas32.Gemm is whatever a program's
			// blas32.Use put there.
			gonum.Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, block, columns, p.in,
				1, a, p.in, panel, columns, 1, c[first:], p.out)
		}
	}
}
