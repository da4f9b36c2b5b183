"""Pipelines of scikit-learn as ONNX, by skl2onnx."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._bundle import Output, Plan
from ._errors import ExportError
from ._table import Column, Table, class_names

CLOSE = 1e-4  # how far ONNX, which computes in float32, may be from the library


def encoders(model: Any) -> dict[str, tuple[list[str], bool]]:
    """By the names of columns, the categories that encoders within a model know, and whether others are allowed."""
    found: dict[str, tuple[list[str], bool]] = {}

    def look(step: Any, columns: list[str]) -> None:
        kind = type(step).__name__
        if kind == "Pipeline":
            for _, inner in step.steps:
                look(inner, columns)
        elif kind == "ColumnTransformer":
            for _, inner, chosen in step.transformers_:
                look(inner, [chosen] if isinstance(chosen, str) else [str(c) for c in np.atleast_1d(np.asarray(chosen, object))])
        elif kind == "OneHotEncoder" and hasattr(step, "categories_") and len(step.categories_) == len(columns):
            for name, categories in zip(columns, step.categories_, strict=True):
                found[name] = ([str(c) for c in categories if c == c and c is not None], step.handle_unknown != "error")

    names = getattr(model, "feature_names_in_", None)
    look(model, [] if names is None else [str(n) for n in names])
    return found


def sklearn(model: Any, table: Table, classes: list[str] | None) -> Plan:
    """Raises whatever keeps it from being written."""
    import onnxruntime
    import sklearn as library
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    if table.columns is None:
        types: list[Any] = [("rows", FloatTensorType([None, table.features]))]
    else:
        types = [(c.name, FloatTensorType([None, 1]) if c.categories is None else StringTensorType([None, 1])) for c in table.columns]
    own = class_names(getattr(model, "classes_", None))
    options: Any = {"zipmap": False} if own is not None else None
    written = to_onnx(model, initial_types=types, options=options).SerializeToString()
    known = encoders(model)
    columns: list[Column] | None = table.columns
    for column in columns or []:
        if column.categories is not None and column.name in known:
            column.categories, lenient = known[column.name]
            column.unknown = "own" if lenient else "refuse"

    if own is not None:
        names = classes or own
        if len(names) != len(own):
            raise ExportError(f"classes has {len(names)} entries; the model tells {len(own)} classes apart")
        outputs = [Output("class", len(own), names)]
        scores = model.predict_proba
    else:
        outputs, scores = [Output("values", int(np.asarray(model.predict(table.take(1))).reshape(1, -1).shape[1]))], model.predict
    rows = table.take(200)
    session = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"])
    if table.columns is None:
        feed = {"rows": np.asarray(rows, np.float32)}
    else:
        feed = {c.name: (rows.iloc[:, [i]].astype(np.float32).to_numpy() if c.categories is None else rows.iloc[:, [i]].astype(str).to_numpy().astype(object))
                for i, c in enumerate(table.columns)}
    told = session.run([session.get_outputs()[-1].name], feed)[0].reshape(len(rows), -1)
    theirs = np.asarray(scores(rows), np.float64).reshape(len(rows), -1)
    if told.shape != theirs.shape or not np.allclose(told, theirs, rtol=CLOSE, atol=CLOSE):
        raise ExportError("what skl2onnx wrote gives other scores than the model")
    return Plan("onnx", {"file": "model.onnx"}, {"model.onnx": written}, outputs, scores, "ONNX, as skl2onnx writes it",
                ("scikit-learn", library.__version__, "ONNX"), columns=columns)
