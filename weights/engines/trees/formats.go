package trees

import (
	"fmt"

	"penstock/model"
	"penstock/model/trees"
	"penstock/weights"
	"penstock/weights/catboost"
	"penstock/weights/forest"
	"penstock/weights/lightgbm"
	"penstock/weights/xgboost"
)

// format is one library's.
type format struct {
	name       string
	extensions []string
	is         func(data []byte) bool // by the file's beginning
	// read reads a file. Columns are those of the manifest, or none: where the file
	// has no names of categories they are looked for there.
	read func(data []byte, columns []model.Column) (trees.Parsed, error)
}

// alone is read of a format whose files say all there is to know.
func alone(read func(data []byte) (trees.Parsed, error)) func([]byte, []model.Column) (trees.Parsed, error) {
	return func(data []byte, _ []model.Column) (trees.Parsed, error) { return read(data) }
}

// formats are those that are known; a file is of the first that takes it for its own.
var formats = []format{
	{"xgboost", []string{".json", ".ubj"}, xgboost.Is, alone(xgboost.Read)},
	{"lightgbm", []string{".txt"}, lightgbm.Is, alone(lightgbm.Read)},
	{"catboost", []string{".json"}, catboost.Is, catboost.ReadNamed},
	{"forest", []string{".forest"}, forest.Is, alone(forest.Read)},
}

func named(name string) (format, error) {
	var names []string
	for _, f := range formats {
		if f.name == name {
			return f, nil
		}
		names = append(names, f.name)
	}
	return format{}, fmt.Errorf("is %q; expected one of %q", name, names)
}

// parse reads a file of a format; without its name, of the one that it looks like.
func parse(name string, data []byte, columns []model.Column) (trees.Parsed, error) {
	f, err := find(name, data)
	if err != nil {
		return trees.Parsed{}, err
	}
	return f.read(data, columns)
}

func find(name string, data []byte) (format, error) {
	if name != "" {
		return named(name)
	}
	var names []string
	for _, f := range formats {
		if f.is(data) {
			return f, nil
		}
		names = append(names, f.name)
	}
	return format{}, weights.Wrong("", "", "is no model of trees that is known here; expected one of %q, as the library saves it", names)
}
