// Package onnx reads .onnx files, and says which of them the engines of this house
// can run: a network of dense layers or a forest of trees, behind steps that prepare
// a row. Read reads the file and Lower makes the engine's model of it; neither needs
// ONNX Runtime.
//
// A file is read with the wire format of protocol buffers alone, field by field as
// the standard's onnx.proto numbers them (https://github.com/onnx/onnx, Apache-2.0).
// What is read points into the file, and nothing is decoded before it is asked for.
package onnx

// Graph is what a file holds.
type Graph struct {
	IRVersion       int64
	Producer        string // the program that wrote the file, such as "pytorch"
	ProducerVersion string
	Opsets          map[string]int64 // the version of each domain; "" is ai.onnx
	Metadata        map[string]string
	Inputs, Outputs []Value // without the initialisers among the inputs
	Nodes           []Node
	Initialisers    map[string]*Tensor
	// Functions are the names of operators that the file defines itself.
	Functions []string
	// External are the files beside this one that hold tensors, each once.
	External []string

	size int // of the file
}

// Value is an input or an output of the graph.
type Value struct {
	Name string
	// Elem is the type of its elements, and Undefined where it is no tensor.
	Elem ElemType
	// Sequence says that it is no tensor but a sequence of maps, as ZipMap makes.
	Sequence bool
	// Shape has -1 where a dimension is dynamic. It is nil where the file has none.
	Shape []int64
}

// ElemType is the type of a tensor's elements, as TensorProto.DataType numbers them.
type ElemType int32

// The types that are known here.
const (
	Undefined ElemType = 0
	Float     ElemType = 1
	Uint8     ElemType = 2
	Int8      ElemType = 3
	Uint16    ElemType = 4
	Int16     ElemType = 5
	Int32     ElemType = 6
	Int64     ElemType = 7
	String    ElemType = 8
	Bool      ElemType = 9
	Float16   ElemType = 10
	Double    ElemType = 11
	Uint32    ElemType = 12
	Uint64    ElemType = 13
	BFloat16  ElemType = 16
)

var elemNames = map[ElemType]string{
	Undefined: "undefined", Float: "float32", Uint8: "uint8", Int8: "int8", Uint16: "uint16", Int16: "int16",
	Int32: "int32", Int64: "int64", String: "string", Bool: "bool", Float16: "float16", Double: "float64",
	Uint32: "uint32", Uint64: "uint64", BFloat16: "bfloat16",
}

func (e ElemType) String() string {
	if name, ok := elemNames[e]; ok {
		return name
	}
	return "another type"
}

// real says that elements are numbers with fractions.
func (e ElemType) real() bool { return e == Float || e == Double }

// whole says that elements are whole numbers.
func (e ElemType) whole() bool {
	switch e {
	case Uint8, Int8, Uint16, Int16, Int32, Int64, Uint32, Uint64, Bool:
		return true
	}
	return false
}

// Node is one operator of the graph.
type Node struct {
	Name, Domain, Op string
	Inputs, Outputs  []string

	attributes map[string]attribute
}

// Opset returns the version of the operators of a domain that the file asks for, or
// 0 where it asks for none.
func (g *Graph) Opset(domain string) int64 { return g.Opsets[domain] }

// EndsInSoftmax tells whether an output is made by a Softmax, and so is of
// probabilities.
func (g *Graph) EndsInSoftmax(output string) bool {
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if n.Op == "Softmax" && len(n.Outputs) > 0 && n.Outputs[0] == output {
			return true
		}
	}
	return false
}
