"""Models that run in Python, as they are: a program, and the model as a pickle."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import pickletools
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from . import _frame
from ._encoders import take_encoders
from ._errors import ExportError
from ._plan import Plan, as_scores, described, labels, names_of, one_class, source, values
from ._sample import Column, Sample

PROGRAM = '''"""Runs model.pkl for Penstock. Written by penstock.export."""

import json
import pickle
from pathlib import Path

import numpy as np

COLUMNS_OF_MODEL = json.loads({columns!r})
NAMED = {named!r}
SHAPE = {shape!r}


{frame}

def load(folder):
    with open(Path(folder) / "model.pkl", "rb") as file:
        return pickle.load(file)


def predict(model, rows):
    given = build(rows, COLUMNS_OF_MODEL, NAMED) if COLUMNS_OF_MODEL else rows.astype({dtype!r}).reshape(len(rows), *SHAPE)
{call}
'''


def of_object(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    take_encoders(model, sample)
    call, outputs, how = _call(model, sample, classes)
    plain = not sample.named and all(c.values is None for c in sample.columns)
    program = PROGRAM.format(
        columns="null" if plain else json.dumps(described(sample)),
        named=sample.named,
        shape=sample.shape,
        frame=_frame_text(),
        dtype="float64",
        call="".join(f"    {line}\n" for line in call),
    )
    data = pickled(model)
    space: dict[str, Any] = {}
    exec(compile(program, "model.py", "exec"), space)
    again = pickle.loads(data)
    kind = getattr(model, "__name__", None) or type(model).__name__

    def score(rows: Sample) -> Any:
        return as_scores(space["predict"](again, rows.float32))

    entry = {"file": "model.py", "files": ["model.pkl"]}
    root = type(model).__module__.partition(".")[0]
    said = source("scikit-learn", kind) if root == "sklearn" else {"library": "Python" if root in ("builtins", "__main__") else root, "format": "pickle", **_version(root)}
    return Plan("python", entry, {"model.py": program.encode(), "model.pkl": data}, outputs(score), score, f"{how} in Python", said)


def _version(root: str) -> dict[str, str]:
    if root in ("builtins", "__main__"):
        return {"version": sys.version.split()[0]}
    found = getattr(sys.modules.get(root), "__version__", None)
    return {"version": str(found)} if found else {}


def _frame_text() -> str:
    """The function that both the exporter and the program arrange rows with."""
    text = Path(_frame.__file__).read_text(encoding="utf-8")
    return text[text.index("def build") :].replace("  # type: ignore[no-untyped-def]", "")


def _call(model: Any, sample: Sample, classes: list[Any] | None) -> tuple[list[str], Any, str]:
    """What is asked of the model, what its scores are, and both in words."""
    kind = getattr(model, "__name__", None) or type(model).__name__
    fitted = _attribute(model, "classes_")
    if fitted is not None and len(fitted) == 0:  # of CatBoost's regressors
        fitted = None

    def of_values(score: Any) -> list[dict[str, Any]]:
        width = score(sample.known().take(slice(0, 2))).shape[1]
        if classes is None:
            return [values(width)]
        return [one_class(names_of(classes, 2))] if width == 1 and len(classes) == 2 else [{**one_class(names_of(classes, width)), "width": width}]

    if callable(getattr(model, "predict_proba", None)):
        several = isinstance(fitted, list) or (fitted is not None and len(fitted) and isinstance(fitted[0], np.ndarray))
        if several and classes is None:
            parts = [one_class(names_of(c), f"prediction {i}") for i, c in enumerate(fitted)]
            lines = ["found = model.predict_proba(given)", "return np.concatenate([p[:, 1:] if p.shape[1] == 2 else p for p in found], axis=1)"]
            return lines, lambda score: parts, f"{kind}.predict_proba"
        if fitted is None and classes is None:
            raise ExportError(f"the {kind} has predict_proba but no classes_; name its classes, in their order, as classes=")
        names = names_of(classes if classes is not None else fitted, None if fitted is None else len(fitted))
        lines = ["return np.asarray(model.predict_proba(given))" + ("[:, 1:]" if len(names) == 2 else "")]

        def of_classes(score: Any) -> list[dict[str, Any]]:
            if len(names) == 2:
                return [one_class(names)]
            sums = score(sample.known().take(slice(0, 64))).sum(axis=1)
            return [one_class(names) if np.abs(sums - 1).max() < 1e-3 else labels(names)]

        return lines, of_classes, f"{kind}.predict_proba"
    if callable(getattr(model, "score_samples", None)) and getattr(model, "_estimator_type", "") == "outlier_detector" or _is_outlier_detector(model):
        return ["return -np.asarray(model.score_samples(given))"], lambda score: [values(1, "anomaly")], f"-{kind}.score_samples"
    if fitted is not None and callable(getattr(model, "predict", None)):
        names = names_of(classes if classes is not None else fitted, len(fitted))
        own = json.dumps([v.item() if isinstance(v, np.generic) else v for v in fitted])
        lines = [f"known = np.asarray(json.loads({own!r}))", "return (np.asarray(model.predict(given))[:, None] == known[None, :]).astype(np.float64)"]
        return lines, lambda score: [{**one_class(names), "width": len(names)}], f"{kind} has no probabilities: the class of {kind}.predict counts as certain,"
    clusters = getattr(model, "n_clusters", None)
    if isinstance(clusters, int) and callable(getattr(model, "predict", None)) and getattr(model, "cluster_centers_", None) is not None:
        names = names_of(classes, clusters) if classes is not None else [str(i) for i in range(clusters)]
        lines = [f"return (np.asarray(model.predict(given))[:, None] == np.arange({clusters})[None, :]).astype(np.float64)"]
        return lines, lambda score: [{**one_class(names), "width": clusters}], f"{kind}.predict"
    if callable(getattr(model, "predict", None)):
        return ["found = np.asarray(model.predict(given), np.float64)", "return found.reshape(len(found), -1)"], of_values, f"{kind}.predict"
    if callable(getattr(model, "transform", None)):
        lines = ["found = model.transform(given)", "return np.asarray(found.toarray() if hasattr(found, 'toarray') else found, np.float64)"]

        def embedding(score: Any) -> list[dict[str, Any]]:
            return [values(score(sample.known().take(slice(0, 2))).shape[1], "embedding", "vector")]

        return lines, embedding, f"{kind}.transform"
    if callable(model):
        return ["found = np.asarray(model(given), np.float64)", "return found.reshape(len(found), -1)"], of_values, f"{kind}()"
    raise ExportError(f"the {kind} has none of predict_proba, predict, transform, and is no function")


def _is_outlier_detector(model: Any) -> bool:
    try:
        from sklearn.base import is_outlier_detector

        return bool(is_outlier_detector(model))
    except Exception:
        return False


def _attribute(model: Any, name: str) -> Any:
    try:
        return getattr(model, name, None)
    except Exception:  # of a property that is not there yet
        return None


def pickled(model: Any) -> bytes:
    """The model as a pickle that another process can read."""
    failed: Exception | None = None
    try:
        data = pickle.dumps(model, protocol=5)
        own = _own_modules(data)
    except Exception as error:
        data, own, failed = b"", ["__main__"], error
    if not own:
        return data
    if importlib.util.find_spec("cloudpickle") is None:
        if failed is None and "__main__" not in own:
            return data  # which a server can read that finds the module
        raise ExportError(f"the model is defined in {own[0]}, which a server cannot import ({'it is this program' if failed is None else failed}); install cloudpickle, or move it to a module that is installed")
    import cloudpickle

    registered = [m for m in (sys.modules.get(name) for name in own if name != "__main__") if isinstance(m, ModuleType)]
    try:
        for module in registered:
            cloudpickle.register_pickle_by_value(module)
        return bytes(cloudpickle.dumps(model))
    except Exception as error:
        raise ExportError(f"the model cannot be pickled: {type(error).__name__}: {error}") from error
    finally:
        for module in registered:
            cloudpickle.unregister_pickle_by_value(module)


def _own_modules(data: bytes) -> list[str]:
    """Modules that a pickle names and that are not installed: a server would not find them."""
    paths = [os.path.realpath(p) for p in {*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix}]
    own = []
    for code, argument, _ in pickletools.genops(data):
        if not isinstance(argument, str) or "UNICODE" not in code.name and code.name != "GLOBAL":
            continue
        name = argument.partition(" ")[0]
        module = sys.modules.get(name)
        if name == "__main__":
            own.append(name)
        elif module is not None and name not in own and getattr(module, "__file__", None):
            at = os.path.realpath(str(module.__file__))
            if not any(at.startswith(p + os.sep) for p in paths):
                own.append(name)
    return own


def of_file(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    """A program with predict(model, rows), and load(folder) where it has one."""
    path = Path(model)
    if not path.is_file():
        raise ExportError(f"{path} is no file; expected a program with a function predict(model, rows)")
    text = path.read_bytes()
    module = ModuleType("model")
    module.__file__ = str(path)
    before = list(sys.path)
    sys.path.insert(0, str(path.parent))
    try:
        exec(compile(text, str(path), "exec"), module.__dict__)
        if not callable(getattr(module, "predict", None)):
            raise ExportError(f"{path} has no function predict(model, rows)")
        state = module.load(str(path.parent)) if hasattr(module, "load") else None
    except ExportError:
        raise
    except Exception as error:
        raise ExportError(f"{path} fails: {type(error).__name__}: {error}") from error
    finally:
        sys.path[:] = before
    others = [p for p in sorted(path.parent.iterdir()) if p.is_file() and p != path and not p.name.startswith(".")]
    columns = getattr(module, "ROWS", "matrix") == "columns"

    def score(rows: Sample) -> Any:
        return as_scores(module.predict(state, _as_columns(rows) if columns else rows.float32))

    if classes is None and getattr(module, "CLASSES", None) is not None:
        classes = list(module.CLASSES)
    outputs = getattr(module, "OUTPUTS", None)
    if outputs is None:
        width = score(sample.take(slice(0, 2))).shape[1]
        outputs = [values(width)] if classes is None else [{**one_class(names_of(classes)), "width": width}]
    entry: dict[str, Any] = {"file": path.name}
    if others:
        entry["files"] = [p.name for p in others]
    if columns:
        entry["rows"] = "columns"
    files = {path.name: text, **{p.name: p.read_bytes() for p in others}}
    said = {"library": "Python", "version": sys.version.split()[0], "format": "program"}
    return Plan("python", entry, files, outputs, score, f"the program {path.name}", said)


def _as_columns(rows: Sample) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for i, column in enumerate(rows.columns):
        own = rows.float32[:, i]
        found[column.name] = own if column.categories is None else _names(column, own)
    return found


def _names(column: Column, places: Any) -> Any:
    names = np.array([*(column.categories or ()), None], object)
    return names[np.where(np.isnan(places), len(names) - 1, np.nan_to_num(places)).astype(np.intp)]
