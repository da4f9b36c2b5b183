package onnx_test

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Files of ONNX are written here field by field, numbered as onnx.proto does, so that
// tests and fuzzing have them where Python is not.

func number(field protowire.Number, value int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.VarintType), uint64(value))
}

func part(field protowire.Number, parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), all)
}

func text(field protowire.Number, value string) []byte { return part(field, []byte(value)) }

func real32(field protowire.Number, value float32) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(nil, field, protowire.Fixed32Type), math.Float32bits(value))
}

// file is a model with the parts of a graph.
func file(graph ...[]byte) []byte {
	all := number(1, 8)                          // the version of the format
	all = append(all, text(2, "tests")...)       // the producer
	all = append(all, part(8, number(2, 17))...) // operators of ai.onnx
	all = append(all, part(8, text(1, "ai.onnx.ml"), number(2, 3))...)
	return append(all, part(7, graph...)...)
}

// tensorOf is an input or an output; a size of 0 is one that is dynamic.
func tensorOf(field protowire.Number, name string, elem int64, sizes ...int64) []byte {
	var shape [][]byte
	for _, size := range sizes {
		dimension := text(2, "N")
		if size != 0 {
			dimension = number(1, size)
		}
		shape = append(shape, part(1, dimension))
	}
	return part(field, text(1, name), part(2, part(1, number(1, elem), part(2, shape...))))
}

func input(name string, elem int64, sizes ...int64) []byte { return tensorOf(11, name, elem, sizes...) }

func output(name string, sizes ...int64) []byte { return tensorOf(12, name, 1, sizes...) }

// constant is an initialiser.
func constant(name string, sizes []int64, values ...float32) []byte {
	parts := [][]byte{number(2, 1), text(8, name)}
	for _, size := range sizes {
		parts = append(parts, number(1, size))
	}
	for _, x := range values {
		parts = append(parts, real32(4, x))
	}
	return part(5, parts...)
}

// node is an operator, whose domain is in its name, with some attributes.
func node(domain, op string, inputs, outputs []string, attributes ...[]byte) []byte {
	parts := [][]byte{text(4, op), text(7, domain)}
	for _, name := range inputs {
		parts = append(parts, text(1, name))
	}
	for _, name := range outputs {
		parts = append(parts, text(2, name))
	}
	return part(1, append(parts, attributes...)...)
}

// The kinds of attributes.
const (
	aNumber  = 1
	aWhole   = 2
	aText    = 3
	aNumbers = 6
	aWholes  = 7
	aTexts   = 8
)

func attribute(name string, kind int64, values ...[]byte) []byte {
	return part(5, append([][]byte{text(1, name), number(20, kind)}, values...)...)
}

func wholes(name string, values ...int64) []byte {
	var parts [][]byte
	for _, x := range values {
		parts = append(parts, number(8, x))
	}
	return attribute(name, aWholes, parts...)
}

func numbers(name string, values ...float32) []byte {
	var parts [][]byte
	for _, x := range values {
		parts = append(parts, real32(7, x))
	}
	return attribute(name, aNumbers, parts...)
}

func texts(name string, values ...string) []byte {
	var parts [][]byte
	for _, s := range values {
		parts = append(parts, text(9, s))
	}
	return attribute(name, aTexts, parts...)
}

const ml = "ai.onnx.ml"

// network is x·w through a softmax.
func network() []byte {
	return file(
		node("", "MatMul", []string{"x", "w"}, []string{"z"}), node("", "Softmax", []string{"z"}, []string{"y"}),
		constant("w", []int64{3, 2}, 1, -1, 2, 0.5, 0, 3), input("x", 1, 0, 3), output("y", 0, 2),
	)
}

// tree is a scaler before one tree of one node: 2·x₁ ≤ 1 gives 0.25, else 0.75.
func tree() []byte {
	return file(
		node(ml, "Scaler", []string{"x"}, []string{"s"}, numbers("offset", 0), numbers("scale", 2)),
		node(ml, "TreeEnsembleRegressor", []string{"s"}, []string{"y"},
			wholes("nodes_treeids", 0, 0, 0), wholes("nodes_nodeids", 0, 1, 2), wholes("nodes_featureids", 1, 0, 0),
			texts("nodes_modes", "BRANCH_LEQ", "LEAF", "LEAF"), numbers("nodes_values", 1, 0, 0),
			wholes("nodes_truenodeids", 1, 0, 0), wholes("nodes_falsenodeids", 2, 0, 0),
			wholes("target_treeids", 0, 0), wholes("target_nodeids", 1, 2), wholes("target_ids", 0, 0),
			numbers("target_weights", 0.25, 0.75), attribute("n_targets", aWhole, number(3, 1))),
		input("x", 1, 0, 2), output("y", 0, 1),
	)
}

// categories is a column of strings and one of numbers before a regression.
func categories() []byte {
	return file(
		node(ml, "OneHotEncoder", []string{"colour"}, []string{"o"}, texts("cats_strings", "red", "blue")),
		node("", "Flatten", []string{"o"}, []string{"f"}),
		node(ml, "Imputer", []string{"size"}, []string{"i"}, numbers("imputed_value_floats", 5), attribute("replaced_value_float", aNumber, real32(2, float32(math.NaN())))),
		node("", "Concat", []string{"f", "i"}, []string{"c"}, attribute("axis", aWhole, number(3, 1))),
		node(ml, "LinearRegressor", []string{"c"}, []string{"y"}, numbers("coefficients", 10, 20, 1), numbers("intercepts", 100), attribute("post_transform", aText, text(4, "NONE"))),
		input("colour", 8, 0, 1), input("size", 1, 0, 1), output("y", 0, 1),
	)
}
