package main

import (
	"fmt"
	"math"
	"slices"
	"syscall"
	"unsafe"

	"github.com/ebitengine/purego"
)

// config is what the server says of the model.
type config struct {
	Library    string     `json:"library"`
	Folder     string     `json:"folder"` // of the external data, or ""
	Threads    int        `json:"threads"`
	Shape      []int64    `json:"shape"`
	Categories [][]string `json:"categories"`
	Missing    []bool     `json:"missing"`
	Single     bool       `json:"single"` // run the model row by row
	Features   int        `json:"-"`
	Width      int        `json:"-"`
}

// engine is a loaded model.
type engine struct {
	*library
	config
	session, memoryInfo uintptr
	inputs              []input
	outputs             []output
	names               [2]uintptr // of inputs and of outputs, as run takes them
	texts               [][]uintptr
}

// load opens the library and the model that lies in a file.
func load(c config, file int) (e *engine, err error) {
	e = &engine{config: c}
	if e.library, err = openLibrary(c.Library); err != nil {
		return nil, err
	}
	if err = e.open(file); err != nil {
		return nil, err
	}
	inputs, err := e.tensors(e.session, sessionGetInputCount, sessionGetInputName, sessionGetInputTypeInfo)
	if err != nil {
		return nil, err
	}
	var single bool
	if e.inputs, single, err = plan(inputs, &e.config); err != nil {
		return nil, err
	}
	e.Single = e.Single || single
	if err = e.putTexts(); err != nil {
		return nil, err
	}
	return e, e.findOutputs()
}

func (e *engine) open(file int) error {
	var stat syscall.Stat_t
	if err := syscall.Fstat(file, &stat); err != nil {
		return fmt.Errorf("the model's file: %w", err)
	}
	data, err := syscall.Mmap(file, 0, int(stat.Size), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return fmt.Errorf("the model's file: %w", err)
	}
	defer syscall.Munmap(data)
	log, _ := e.text("penstock")
	const errorsOnly = 3
	environment, err := e.get(createEnv, errorsOnly, log)
	if err != nil {
		return err
	}
	options, err := e.get(createSessionOptions)
	if err != nil {
		return err
	}
	if err = e.call(setIntraOpNumThreads, options, uintptr(max(e.Threads, 1))); err != nil {
		return err
	}
	if err = e.call(setInterOpNumThreads, options, 1); err != nil {
		return err
	}
	// Batches are of all sizes: a pattern for each would be kept for nothing.
	if err = e.call(disableMemPattern, options); err != nil {
		return err
	}
	entries := [][2]string{{"session.intra_op.allow_spinning", "0"}}
	if e.Folder != "" {
		entries = append(entries, [2]string{"session.model_external_initializers_file_folder_path", e.Folder})
	}
	for _, entry := range entries {
		key, _ := e.text(entry[0])
		value, _ := e.text(entry[1])
		if err = e.call(addSessionConfigEntry, options, key, value); err != nil {
			return err
		}
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	if e.session, err = e.get(createSessionFromArray, environment, at, uintptr(len(data)), options); err != nil {
		return err
	}
	const arena, standard = 1, 0
	e.memoryInfo, err = e.get(createCPUMemoryInfo, arena, standard)
	return err
}

// putTexts keeps the categories of all columns as C reads them, and one more
// for those that are not known.
func (e *engine) putTexts() (err error) {
	e.texts = make([][]uintptr, e.Features)
	for f := range min(len(e.Categories), e.Features) {
		for _, category := range append(slices.Clone(e.Categories[f]), "") {
			p, err := e.text(category)
			if err != nil {
				return err
			}
			e.texts[f] = append(e.texts[f], p)
		}
	}
	names := make([]int64, len(e.inputs))
	for i := range e.inputs {
		names[i] = int64(e.inputs[i].name)
	}
	e.names[0], err = e.words(names...)
	return err
}

// scores are the types of outputs that may be scores.
var scores = []int{float32s, float64s, int64s, int32s}

// findOutputs runs the model on rows of zeros to see what it returns.
func (e *engine) findOutputs() error {
	outputs, err := e.tensors(e.session, sessionGetOutputCount, sessionGetOutputName, sessionGetOutputTypeInfo)
	if err != nil {
		return err
	}
	outputs = slices.DeleteFunc(outputs, func(t tensor) bool { return sizes[t.Type] == 0 })
	if len(outputs) == 0 {
		return fmt.Errorf("the model returns no tensor of numbers")
	}
	var names []int64
	for _, o := range outputs {
		names = append(names, int64(o.name))
	}
	if e.names[1], err = e.words(names...); err != nil {
		return err
	}
	rows := 2
	if e.Single {
		rows = 1
	}
	zeros, err := e.take(4 * rows * e.Features)
	if err != nil {
		return err
	}
	feed, err := newFeed(e, zeros, rows)
	if err != nil {
		return err
	}
	values, err := feed.bind(0, rows)
	if err != nil {
		return err
	}
	if err = feed.fill(0, rows); err != nil {
		return err
	}
	if err = feed.fillTexts(values, 0, rows); err != nil {
		return err
	}
	results, err := e.words(make([]int64, len(outputs))...)
	if err != nil {
		return err
	}
	if err = e.call(run, e.session, 0, e.names[0], values, uintptr(len(e.inputs)), e.names[1], uintptr(len(outputs)), results); err != nil {
		return fmt.Errorf("a first run, on %d rows of zeros: %w", rows, err)
	}
	var all []output
	for i, t := range outputs {
		value := sliceAt[uintptr](results, len(outputs))[i]
		info, err := e.get(getTensorTypeAndShape, value)
		if err != nil {
			return err
		}
		o := output{tensor: t, width: 1}
		if o.Type, o.Dims, err = e.shape(info); err != nil {
			return err
		}
		purego.SyscallN(e.table[releaseValue], value)
		if len(o.Dims) == 0 || o.Dims[0] != int64(rows) || !slices.Contains(scores, o.Type) {
			continue // not scores of each row
		}
		o.rest = o.Dims[1:]
		for _, d := range o.rest {
			if d < 0 || d > math.MaxInt32 {
				return fmt.Errorf("output %q has dimensions %v", o.Name, o.Dims)
			}
			o.width = min(o.width*int(d), math.MaxInt32)
		}
		all = append(all, o)
	}
	if e.outputs, err = choose(all, e.Width); err != nil {
		return err
	}
	names = names[:0]
	for _, o := range e.outputs {
		names = append(names, int64(o.name))
	}
	e.names[1], err = e.words(names...)
	return err
}
