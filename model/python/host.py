"""Runs a model that is a Python program, for Penstock: reads rows from memory that both
share, calls predict, and writes the scores there. It needs numpy alone, and is handed
the program and what to know of it over descriptor 4. Where what lies in memory 3 is
written down in Penstock's package model/child."""

import ctypes
import json
import mmap
import os
import socket
import sys
import threading
import traceback
import types

WORDS = 256  # bytes
ASKED, CHILD_SLEEPS, ANSWERED, PARENT_SLEEPS, ROWS, STATUS, TEXT_BYTES = 0, 2, 16, 18, 32, 48, 49  # in words of four bytes
TEXT_AT, INPUT_AT = 256, 4096
LOOKS = 50  # at the word before going to sleep
FUTEX = {"x86_64": 202, "aarch64": 98}.get(os.uname().machine)


def flat(names):
    """Names as a list, whatever they are kept in."""
    return None if names is None else [str(n) for n in list(names)]


def told_of(error):
    """Prints the traceback of an error, and returns what it is, also where the error cannot tell."""
    try:
        traceback.print_exc()
        return f"{type(error).__name__}: {error}"
    except BaseException:
        return type(error).__name__


def about(module, state):
    """What the program says of itself, or what it loaded does."""
    found = {}
    for key in ("FEATURES", "CLASSES", "COLUMNS", "OUTPUTS", "MISSING", "ROWS"):
        if getattr(module, key, None) is not None:
            found[key.lower()] = getattr(module, key)
    if "classes" in found:
        found["classes"] = flat(found["classes"])
    if "features" not in found and getattr(state, "n_features_in_", None) is not None:
        found["features"] = int(state.n_features_in_)
    if "classes" not in found and "outputs" not in found and getattr(state, "classes_", None) is not None:
        if not any(isinstance(c, (list, tuple)) or getattr(c, "ndim", 0) for c in state.classes_):
            found["classes"] = flat(state.classes_)
    if "columns" not in found and getattr(state, "feature_names_in_", None) is not None:
        found["columns"] = flat(state.feature_names_in_)
    name = type(state).__module__.partition(".")[0]
    if state is not None and name not in ("builtins", "numpy", "model"):
        found["library"] = {"sklearn": "scikit-learn"}.get(name, name)
        found["version"] = str(getattr(sys.modules.get(name), "__version__", ""))
    return found


def side_by_side(numpy, scores, n):
    """Several outputs, which are a tuple of arrays or a list of matrices, as one array. What
    is taken for outputs does not depend on how many rows there are: a batch with as many
    rows as scores would get its scores across."""
    several = isinstance(scores, (tuple, list)) and [getattr(s, "ndim", 0) for s in scores]
    if not several or min(several) < (1 if isinstance(scores, tuple) else 2):
        return scores
    outputs = [numpy.asarray(s, numpy.float32) for s in scores]
    if any(len(o) != n for o in outputs):
        shapes = ", ".join(str(o.shape) for o in outputs)
        raise ValueError(f"predict returned several arrays, of shapes {shapes}, for {n} rows; expected {n} rows in each")
    return numpy.concatenate([o.reshape(n, -1) for o in outputs], axis=1)


class Host:
    def __init__(self, told, numpy):
        self.numpy = numpy
        self.told = told
        config = told["config"]
        self.columns = config.get("columns")
        self.module = types.ModuleType("model")
        self.module.__file__ = config["file"]
        sys.modules["model"] = self.module
        sys.path[:] = [config["folder"], *(p for p in sys.path if p)]  # and not wherever the server was started
        sys.argv = [config["file"]]
        exec(compile(config["source"], config["file"], "exec"), self.module.__dict__)
        if not callable(getattr(self.module, "predict", None)):
            raise TypeError("it has no function predict(model, rows)")
        load = getattr(self.module, "load", None)
        self.state = load(config["folder"]) if load else None
        names = [numpy.array([*c["categories"], None], object) if c.get("categories") else None for c in self.columns or []]
        self.names = names

    def arrange(self, rows):
        """Rows as the program takes them: the matrix, or an array for each column."""
        if self.columns is None:
            return rows.copy()
        numpy, arranged = self.numpy, {}
        for i, column in enumerate(self.columns):
            values = rows[:, i]
            if self.names[i] is None:
                arranged[column["name"]] = values.copy()
            else:  # what is missing, or in no list, is None, the last
                known = numpy.where(numpy.isnan(values), len(self.names[i]) - 1, values).astype(numpy.intp)
                arranged[column["name"]] = self.names[i][known]
        return arranged

    def predict(self, rows, width):
        numpy = self.numpy
        n = len(rows)
        scores = side_by_side(numpy, self.module.predict(self.state, self.arrange(rows)), n)
        scores = numpy.asarray(scores)
        if scores.shape == (n,) and width == 1:
            scores = scores.reshape(n, 1)
        if scores.shape != (n, width):
            raise ValueError(f"predict returned an array of shape {tuple(scores.shape)} for {n} rows; expected ({n}, {width})")
        return scores.astype(numpy.float32, copy=False)

    def serve(self):
        numpy, told = self.numpy, self.told
        features, width, most = told["features"], told["width"], told["max_rows"]
        memory = mmap.mmap(3, told["lane_bytes"])
        output_at = (INPUT_AT + most * features * 4 + 63) // 64 * 64
        inputs = numpy.frombuffer(memory, numpy.float32, most * features, INPUT_AT).reshape(most, features)
        outputs = numpy.frombuffer(memory, numpy.float32, most * width, output_at).reshape(most, width)
        word = memoryview(memory)[:WORDS].cast("I")
        first = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        asked, answered = ctypes.c_void_p(first + 4 * ASKED), ctypes.c_void_p(first + 4 * ANSWERED)
        futex = ctypes.CDLL(None).syscall
        done = word[ANSWERED]  # and not of asked, which may be ahead by now
        while True:
            looks = LOOKS
            while word[ASKED] == done:
                if looks > 0:
                    looks -= 1
                    continue
                word[CHILD_SLEEPS] = 1
                futex(FUTEX, asked, 0, done, None, None, 0)
                word[CHILD_SLEEPS] = 0
            done = word[ASKED]
            rows = word[ROWS]
            word[STATUS] = 0
            try:
                outputs[:rows] = self.predict(inputs[:rows], width)
            except BaseException as error:  # of whatever kind: the rows fail, and not the process
                text = told_of(error).encode(errors="replace")[: INPUT_AT - TEXT_AT]
                memory[TEXT_AT : TEXT_AT + len(text)] = text
                word[TEXT_BYTES] = len(text)
                word[STATUS] = 1
            word[ANSWERED] = done
            if word[PARENT_SLEEPS]:
                futex(FUTEX, answered, 1, 1 << 30, None, None, 0)


def main():
    control = socket.socket(fileno=4).makefile("rw", encoding="utf-8")
    told = json.loads(control.readline())
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="replace")

    def answer(**what):
        try:
            text = json.dumps(what)
        except (TypeError, ValueError) as error:
            text = json.dumps({"failed": f"FEATURES, CLASSES, COLUMNS or OUTPUTS holds what JSON cannot: {error}"})
        print(text, file=control, flush=True)

    try:
        import numpy
    except ImportError as error:
        answer(failed=f"{sys.executable} has no numpy ({error}): pip install numpy, or name another Python with --python")
        return
    try:
        host = Host(told, numpy)
        said = about(host.module, host.state)
    except BaseException as error:
        text = told_of(error)
        at = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == told["config"]["file"]]
        where = f"line {at[-1].lineno}: " if at else ""
        answer(failed=where + text)
        return

    def watch():
        control.readline()  # until the server is gone
        os._exit(0)

    answer(ready={**said, "python": sys.version.split()[0], "numpy": numpy.__version__})
    threading.Thread(target=watch, daemon=True).start()
    host.serve()


main()
