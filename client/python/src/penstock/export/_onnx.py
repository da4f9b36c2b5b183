"""Pipelines of scikit-learn as ONNX graphs, by skl2onnx."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._encoders import encoders, has_columns, take_encoders
from ._errors import ExportError
from ._plan import NotThisWayError, Plan, arrange, as_scores, labels, names_of, one_class, source, values
from ._sample import Sample

OWN = {"Cast", "Concat", "Gather", "Identity", "Imputer", "LinearClassifier", "LinearRegressor", "OneHotEncoder", "Reshape", "Scaler", "TreeEnsembleClassifier", "TreeEnsembleRegressor"}
"""Operators of pipelines that the server runs without ONNX Runtime."""

ROWS = 1000
"""How many rows of the sample are compared with the library at most."""


def sklearn(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    try:
        import onnxruntime
        from skl2onnx import to_onnx
    except ImportError as error:
        raise NotThisWayError(f"{error.name} is not installed") from error
    fitted = getattr(model, "classes_", None)
    several = isinstance(fitted, list)
    if several or not (callable(getattr(model, "predict_proba", None)) or fitted is None and _is_regressor(model)):
        raise NotThisWayError("only classifiers with probabilities and regressors are written")
    take_encoders(model, sample)
    for column in sample.columns:
        if column.categories is not None and column.missing:
            raise NotThisWayError(f"the category {column.name!r} may be missing, which no text of ONNX is")
        if column.values is not None and not all(isinstance(v, str) for v in column.values):
            raise NotThisWayError(f"the categories of {column.name!r} are no strings")
    split = sample.named and has_columns(model)
    if not split and any(c.values is not None for c in sample.columns):
        raise NotThisWayError("its texts are no columns of a data frame")
    try:
        options = None if fitted is None else {"zipmap": False}
        graph = to_onnx(model, initial_types=_types(model, sample, split), options=options)
        data = bytes(graph.SerializeToString())
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    except Exception as error:  # of whatever kind converters have
        text = str(error).strip()
        raise NotThisWayError(f"skl2onnx cannot write it: {text.splitlines()[0][:160] if text else type(error).__name__}") from error

    def score(rows: Sample) -> Any:
        given = arrange(rows)
        return model.predict(given) if fitted is None else model.predict_proba(given)

    few = sample.known().take(slice(0, ROWS))
    try:
        theirs = as_scores(score(few))
    except Exception as error:
        raise ExportError(f"the model fails on the sample: {type(error).__name__}: {error}") from error
    try:
        ours, alone = (np.concatenate([_run(session, few.take(slice(at, at + n)), split) for at in range(0, min(len(few), most), n)]) for n, most in ((ROWS, ROWS), (1, 16)))
    except Exception as error:
        raise NotThisWayError(f"ONNX Runtime cannot run what skl2onnx wrote: {str(error).strip()[:160]}") from error
    spread = float(np.ptp(theirs))
    if ours.shape != theirs.shape or not np.abs(ours - theirs).max() <= 1e-5 * spread + 2e-6 * float(np.abs(theirs).max()):
        raise NotThisWayError("in float32, which ONNX computes in, it has other scores")
    alike = {node.op_type for node in graph.graph.node} <= OWN
    if not alike and not np.array_equal(ours[: len(alone)], alone):
        raise NotThisWayError("its scores depend on which rows share a batch")
    width = theirs.shape[1]
    output = values(width)
    if fitted is not None:
        names = names_of(classes if classes is not None else fitted, len(fitted))
        sums = np.abs(theirs.sum(axis=1) - 1).max()
        output = {**one_class(names), "width": width} if sums < 1e-3 else labels(names)
    kind = type(model.steps[-1][1] if type(model).__name__ == "Pipeline" else model).__name__
    return Plan("onnx", {"file": "model.onnx"}, {"model.onnx": data}, [output], score, f"{kind} as ONNX, as skl2onnx writes it" + ("" if alike else ", for ONNX Runtime"), source("scikit-learn", "ONNX"))


def _is_regressor(model: Any) -> bool:
    from sklearn.base import is_regressor

    return bool(is_regressor(model))


def _types(model: Any, sample: Sample, split: bool) -> list[tuple[str, Any]]:
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType

    if not split:
        return [("rows", FloatTensorType([None, sample.features]))]
    whole = {at for _, places in encoders(model, sample) for at in places}
    found: list[tuple[str, Any]] = []
    for i, column in enumerate(sample.columns):
        kind = StringTensorType if column.values is not None else Int64TensorType if i in whole and column.dtype == "int64" else FloatTensorType
        found.append((column.name, kind([None, 1])))
    return found


def _run(session: Any, rows: Sample, split: bool) -> Any:
    return as_scores(session.run([session.get_outputs()[-1].name], _feed(session, rows, split))[0])


def _feed(session: Any, sample: Sample, split: bool) -> dict[str, Any]:
    if not split:
        return {"rows": sample.float32}
    fed: dict[str, Any] = {}
    types = {i.name: i.type for i in session.get_inputs()}
    for i, column in enumerate(sample.columns):
        if column.name not in types:
            continue  # which nothing in the graph has use for
        own = sample.float32[:, [i]]
        if column.values is not None:
            fed[column.name] = np.array(column.values, object)[own.astype(np.intp)]
        else:
            fed[column.name] = own.astype(np.int64) if "int64" in types[column.name] else own
    if len(fed) != len(sample.columns):
        raise NotThisWayError("the pipeline leaves columns out")
    return fed
