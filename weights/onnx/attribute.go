package onnx

// attribute is one of a node's, not decoded yet.
type attribute struct {
	name    string
	message []byte
}

func readAttribute(message []byte) (attribute, error) {
	a := attribute{message: message}
	err := fields(message, func(f field) error {
		if f.number == 1 {
			a.name = string(f.bytes)
		}
		return nil
	})
	return a, err
}

// find calls each for the attribute's fields of a number; whatever was read once is
// well formed.
func (a attribute) find(number int, each func(field) error) {
	_ = fields(a.message, func(f field) error {
		if int(f.number) == number {
			return each(f)
		}
		return nil
	})
}

// Has reports whether a node has an attribute.
func (n *Node) Has(name string) bool {
	_, ok := n.attributes[name]
	return ok
}

// Float returns an attribute that is a number.
func (n *Node) Float(name string, otherwise float32) float32 {
	n.attributes[name].find(2, func(f field) error { otherwise = f.float(); return nil })
	return otherwise
}

// Int returns an attribute that is a whole number.
func (n *Node) Int(name string, otherwise int64) int64 {
	n.attributes[name].find(3, func(f field) error { otherwise = int64(f.bits); return nil })
	return otherwise
}

// Text returns an attribute that is a string.
func (n *Node) Text(name, otherwise string) string {
	n.attributes[name].find(4, func(f field) error { otherwise = string(f.bytes); return nil })
	return otherwise
}

// Floats returns an attribute that is a list of numbers.
func (n *Node) Floats(name string) (all []float32) {
	n.attributes[name].find(7, func(f field) (err error) { all, err = f.floats(all); return err })
	return all
}

// Ints returns an attribute that is a list of whole numbers.
func (n *Node) Ints(name string) (all []int64) {
	n.attributes[name].find(8, func(f field) (err error) { all, err = f.varints(all); return err })
	return all
}

// Texts returns an attribute that is a list of strings.
func (n *Node) Texts(name string) (all []string) {
	n.attributes[name].find(9, func(f field) error { all = append(all, string(f.bytes)); return nil })
	return all
}

// Tensor returns an attribute that is a tensor, or nil.
func (n *Node) Tensor(name string) (t *Tensor) {
	n.attributes[name].find(5, func(f field) (err error) { t, err = readTensor(f.bytes); return err })
	return t
}
