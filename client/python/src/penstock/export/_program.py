"""Whatever is none of the others: a program for the Python engine, with the model beside it as a pickle."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ._bundle import Output, Plan
from ._errors import ExportError
from ._onnx import encoders
from ._table import Table, class_names

PROGRAM = '''"""Written by penstock.export: asks the model in model.pkl."""
from pathlib import Path

{imports}

def load(folder):
    with open(Path(folder) / "model.pkl", "rb") as file:
        return {pickle}.load(file)


def predict(model, rows):
{body}'''


def pickled(model: Any) -> tuple[str, bytes]:
    """The module that reads a pickle, and the pickle."""
    for name in ("cloudpickle", "joblib"):
        try:
            library = __import__(name)
        except ImportError:
            continue
        if name == "cloudpickle":
            return "cloudpickle", bytes(library.dumps(model))
        break
    where = getattr(model, "__module__", None) or type(model).__module__
    if where == "__main__":
        raise ExportError("the model is defined in a script, where a pickle cannot find it again: pip install cloudpickle, or put it into a module")
    try:
        return "pickle", pickle.dumps(model)
    except Exception as error:
        raise ExportError(f"the model cannot be pickled ({error}): give a .py file with load(folder) and predict(model, rows) instead") from error


def export(model: Any, table: Table, classes: list[str] | None) -> Plan:
    """A model with predict_proba or predict, or a function of rows."""
    own = class_names(getattr(model, "classes_", None))
    probable = hasattr(model, "predict_proba")
    if not probable and not hasattr(model, "predict") and not callable(model):
        raise ExportError(f"{type(model).__name__} has no predict, and is no function of rows")
    ask: Callable[[Any], Any] = model.predict_proba if probable else model.predict if hasattr(model, "predict") else model
    method = ".predict_proba" if probable else ".predict" if hasattr(model, "predict") else ""
    first = np.asarray(ask(table.take(2)), np.float64)
    width = int(first.reshape(len(first), -1).shape[1])
    names = classes or own
    if names is not None and (probable or classes is not None):
        if len(names) != width and not (width == 1 and len(names) == 2):
            raise ExportError(f"classes has {len(names)} entries; the model gives {width} scores")
        outputs = [Output("class", width, names)]
    else:
        outputs = [Output("values", width)]
    framed = table.frame is not None
    if framed:
        known = encoders(model)
        for column in table.columns or []:
            if column.categories is not None and column.name in known:
                column.categories, lenient = known[column.name]
                column.unknown = "own" if lenient else "refuse"
        assert table.frame is not None
        kinds = {c.name: str(table.frame.iloc[:, i].dtype) for i, c in enumerate(table.columns or []) if c.categories is None and table.frame.iloc[:, i].dtype.kind == "f"}
        body = f"    frame = pandas.DataFrame(rows).astype({kinds!r})\n    return model{method}(frame)\n"
    else:
        shape = "" if table.shape == (table.features,) else f".reshape(-1, {', '.join(map(str, table.shape))})"
        body = f"    return model{method}(rows{shape})\n"
    reader, data = pickled(model)
    imports = "\n".join(f"import {name}" for name in sorted({reader, *(["pandas"] if framed else [])})) + "\n"
    entry: dict[str, Any] = {"file": "model.py", "files": ["model.pkl"], "rows": "columns" if framed else "matrix"}
    module = sys.modules.get(type(model).__module__.partition(".")[0])
    library = {"sklearn": "scikit-learn"}.get(module.__name__, module.__name__) if module is not None and not callable(model) else "Python"
    release = str(getattr(module, "__version__", "")) if library != "Python" else sys.version.split()[0]
    source = PROGRAM.format(imports=imports, pickle=reader, body=body)

    def scores(rows: Any) -> Any:
        found = np.asarray(ask(rows), np.float64)
        return found.reshape(len(found), -1)

    return Plan("python", entry, {"model.py": source.encode(), "model.pkl": data}, outputs, scores,
                "a Python program, which needs Python and its libraries where it is served", (library, release, "pickle"), columns=table.columns,
                missing=table.columns is None and table.any_missing)


def from_file(path: Path, table: Table, classes: list[str] | None) -> Plan:
    """A program with load and predict; the other files in its folder stay there."""
    names: dict[str, Any] = {"__file__": str(path), "__name__": "model"}
    source = path.read_bytes()
    exec(compile(source, str(path), "exec"), names)
    if not callable(names.get("predict")):
        raise ExportError(f"{path} has no function predict(model, rows)")
    state = names["load"](str(path.parent)) if callable(names.get("load")) else None

    def scores(rows: Any) -> Any:
        given = rows if table.frame is None else {c.name: rows.iloc[:, i].to_numpy() for i, c in enumerate(table.columns or [])}
        found = np.asarray(names["predict"](state, given), np.float64)
        return found.reshape(len(found), -1)

    width = scores(table.take(2)).shape[1]
    classes = classes or class_names(names.get("CLASSES"))
    outputs = [Output("class", width, classes)] if classes else [Output("values", width)]
    entry = {"file": path.name, "rows": "matrix" if table.frame is None else "columns"}
    return Plan("python", entry, {path.name: source}, outputs, scores, "a Python program, as it is", ("Python", sys.version.split()[0], ""),
                columns=table.columns, missing=table.columns is None and table.any_missing)
