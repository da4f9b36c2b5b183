package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// maxNodes is more nodes, inputs or initialisers than any graph has that is read
// here; each takes some hundred bytes of memory, whatever it takes in the file.
const maxNodes = 1 << 17

// Read reads a model. The graph keeps data and points into it.
func Read(data []byte) (*Graph, error) {
	g := &Graph{Opsets: map[string]int64{}, Metadata: map[string]string{}, Initialisers: map[string]*Tensor{}, size: len(data)}
	found := false
	err := fields(data, func(f field) error {
		switch f.number {
		case 1:
			g.IRVersion = int64(f.bits)
		case 2:
			g.Producer = string(f.bytes)
		case 3:
			g.ProducerVersion = string(f.bytes)
		case 7:
			found = true
			return g.readGraph(f.bytes)
		case 8:
			return g.readOpset(f.bytes)
		case 14:
			key, value, err := readPair(f.bytes)
			g.Metadata[key] = value
			return err
		case 25:
			return g.readFunction(f.bytes)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !found || g.IRVersion == 0 || len(g.Opsets) == 0 {
		return nil, errors.New("is no ONNX model: it has no graph, no version or no operator set; export the model again")
	}
	if len(g.Outputs) == 0 {
		return nil, errors.New("has a graph without outputs; export the model again")
	}
	g.Inputs = slices.DeleteFunc(g.Inputs, func(v Value) bool { return g.Initialisers[v.Name] != nil })
	return g, nil
}

func (g *Graph) readGraph(message []byte) error {
	return fields(message, func(f field) error {
		if len(g.Nodes)+len(g.Inputs)+len(g.Outputs)+len(g.Initialisers) > maxNodes {
			return fmt.Errorf("has a graph of more than %d nodes, inputs and initialisers", maxNodes)
		}
		switch f.number {
		case 1:
			n, err := readNode(f.bytes)
			g.Nodes = append(g.Nodes, n)
			return err
		case 5:
			t, err := readTensor(f.bytes)
			if err != nil {
				return err
			}
			g.Initialisers[t.Name] = t
			if t.external != "" && !slices.Contains(g.External, t.external) {
				g.External = append(g.External, t.external)
			}
		case 11, 12:
			v, err := readValue(f.bytes)
			if err != nil {
				return err
			}
			if f.number == 11 {
				g.Inputs = append(g.Inputs, v)
			} else {
				g.Outputs = append(g.Outputs, v)
			}
		case 15:
			return errors.New("has sparse initialisers, which are not read here")
		}
		return nil
	})
}

func (g *Graph) readOpset(message []byte) error {
	domain, version := "", int64(0)
	err := fields(message, func(f field) error {
		switch f.number {
		case 1:
			domain = plainDomain(string(f.bytes))
		case 2:
			version = int64(f.bits)
		}
		return nil
	})
	g.Opsets[domain] = max(version, g.Opsets[domain])
	return err
}

// plainDomain is "" for ai.onnx, which may be written either way.
func plainDomain(domain string) string {
	if domain == "ai.onnx" {
		return ""
	}
	return domain
}

func (g *Graph) readFunction(message []byte) error {
	if len(g.Functions) > maxNodes {
		return fmt.Errorf("defines more than %d functions", maxNodes)
	}
	return fields(message, func(f field) error {
		if f.number == 1 {
			g.Functions = append(g.Functions, string(f.bytes))
		}
		return nil
	})
}

func readPair(message []byte) (key, value string, err error) {
	err = fields(message, func(f field) error {
		switch f.number {
		case 1:
			key = string(f.bytes)
		case 2:
			value = string(f.bytes)
		}
		return nil
	})
	return key, value, err
}

func readNode(message []byte) (Node, error) {
	n := Node{}
	err := fields(message, func(f field) error {
		switch f.number {
		case 1:
			n.Inputs = append(n.Inputs, string(f.bytes))
		case 2:
			n.Outputs = append(n.Outputs, string(f.bytes))
		case 3:
			n.Name = string(f.bytes)
		case 4:
			n.Op = string(f.bytes)
		case 7:
			n.Domain = plainDomain(string(f.bytes))
		case 5:
			a, err := readAttribute(f.bytes)
			if err != nil {
				return err
			}
			if n.attributes == nil {
				n.attributes = map[string]attribute{}
			}
			n.attributes[a.name] = a
		}
		return nil
	})
	if err == nil && n.Op == "" {
		err = errors.New("has a node without an operator; export the model again")
	}
	return n, err
}

// readValue reads a ValueInfoProto.
func readValue(message []byte) (Value, error) {
	v := Value{}
	err := fields(message, func(f field) error {
		switch f.number {
		case 1:
			v.Name = string(f.bytes)
		case 2:
			return v.readType(f.bytes)
		}
		return nil
	})
	return v, err
}

func (v *Value) readType(message []byte) error {
	return fields(message, func(f field) error {
		switch f.number {
		case 1: // a tensor
			return v.readTensorType(f.bytes)
		case 4, 5: // a sequence, a map
			v.Sequence = true
		}
		return nil
	})
}

func (v *Value) readTensorType(message []byte) error {
	return fields(message, func(f field) error {
		switch f.number {
		case 1:
			v.Elem = ElemType(f.bits)
		case 2:
			v.Shape = []int64{}
			return fields(f.bytes, func(f field) error {
				if len(v.Shape) == maxRank {
					return fmt.Errorf("has a value %q of more than %d dimensions", v.Name, maxRank)
				}
				size, err := readDimension(f.bytes)
				v.Shape = append(v.Shape, size)
				return err
			})
		}
		return nil
	})
}

// readDimension returns a dimension's size, or -1 where it has a name or nothing.
func readDimension(message []byte) (int64, error) {
	size := int64(-1)
	err := fields(message, func(f field) error {
		if f.number == 1 {
			size = max(int64(f.bits), -1)
		}
		return nil
	})
	if size == 0 { // old exporters write the batch so
		size = -1
	}
	return size, err
}
