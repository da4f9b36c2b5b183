package onnx

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of onnx.proto.
const (
	modelGraph = 7

	graphNode   = 1
	graphOutput = 12

	nodeInput  = 1
	nodeOutput = 2
	nodeOp     = 4

	valueName = 1
)

var errNoModel = &LoadError{Problem: "the file is no model of ONNX; export it again"}

// withoutZipMaps returns a model whose outputs are tensors where they were maps from
// class to probability: making the maps takes longer than most models do.
func withoutZipMaps(model []byte) ([]byte, error) {
	var graph []byte
	err := fields(model, func(number protowire.Number, _, value []byte) {
		if number == modelGraph {
			graph = value
		}
	})
	if err != nil {
		return nil, err
	}
	maps := make(map[string]string) // from output to input
	err = fields(graph, func(number protowire.Number, _, value []byte) {
		if number == graphNode {
			if in, out := zipMap(value); out != "" {
				maps[out] = in
			}
		}
	})
	if err != nil || len(maps) == 0 {
		return model, err
	}
	var edited []byte
	err = fields(graph, func(number protowire.Number, field, value []byte) {
		switch number {
		case graphNode:
			if _, out := zipMap(value); out != "" {
				return
			}
		case graphOutput:
			if in := maps[text(value, valueName)]; in != "" {
				edited = protowire.AppendTag(edited, graphOutput, protowire.BytesType)
				edited = protowire.AppendBytes(edited, tensorValue(in))
				return
			}
		}
		edited = append(edited, field...)
	})
	if err != nil {
		return nil, err
	}
	var whole []byte
	err = fields(model, func(number protowire.Number, field, _ []byte) {
		if number == modelGraph {
			field = protowire.AppendBytes(protowire.AppendTag(nil, modelGraph, protowire.BytesType), edited)
		}
		whole = append(whole, field...)
	})
	return whole, err
}

// tensorValue describes a tensor of float32.
func tensorValue(name string) []byte {
	kind := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1)
	of := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), kind)
	value := protowire.AppendString(protowire.AppendTag(nil, valueName, protowire.BytesType), name)
	return protowire.AppendBytes(protowire.AppendTag(value, 2, protowire.BytesType), of)
}

// zipMap returns the input and the output of a node that is a ZipMap.
func zipMap(node []byte) (in, out string) {
	if text(node, nodeOp) != "ZipMap" {
		return "", ""
	}
	return text(node, nodeInput), text(node, nodeOutput)
}

// text is a field of a message, or "".
func text(message []byte, field protowire.Number) (found string) {
	_ = fields(message, func(number protowire.Number, _, value []byte) {
		if number == field {
			found = string(value)
		}
	})
	return found
}

// fields calls each with every field of a message, and the bytes of its value where
// it has a length.
func fields(message []byte, each func(number protowire.Number, field, value []byte)) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errNoModel
		}
		size := protowire.ConsumeFieldValue(number, kind, message[n:])
		if size < 0 {
			return errNoModel
		}
		var value []byte
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(message[n:])
		}
		each(number, message[:n+size], value)
		message = message[n+size:]
	}
	return nil
}
