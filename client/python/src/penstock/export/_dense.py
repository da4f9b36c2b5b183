"""Perceptrons and linear models as layers: weights in safetensors, run by Penstock's dense engine."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from ._bundle import Output, Plan
from ._errors import ExportError
from ._table import Table, class_names

Array = npt.NDArray[Any]
Layer = tuple[Array, Array | None, str]  # weight [out, in], bias, activation

CURVES: dict[str, Any] = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "softmax": lambda x: np.exp(x - x.max(1, keepdims=True)) / np.exp(x - x.max(1, keepdims=True)).sum(1, keepdims=True),
}
CLOSE = 1e-5  # how far a layered model may be from the library's own scores


def safetensors(tensors: dict[str, Array]) -> bytes:
    """The format: eight bytes of header length, a header in JSON, the data."""
    header: dict[str, Any] = {}
    data = b""
    for name, tensor in tensors.items():
        values = np.ascontiguousarray(tensor, "<f4")
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def run(layers: list[Layer], rows: Array) -> Array:
    """What the layers say of rows, in float64."""
    x = rows.astype(np.float64)
    for weight, bias, activation in layers:
        x = x @ np.asarray(weight, np.float64).T + (0 if bias is None else np.asarray(bias, np.float64))
        x = CURVES[activation](x)
    return x


def plan(layers: list[Layer], outputs: list[Output], scores: Any, source: tuple[str, str, str], **more: Any) -> Plan:
    tensors: dict[str, Array] = {}
    entries = []
    for i, (weight, bias, activation) in enumerate(layers):
        entry = {"weight": f"{i}.weight", "activation": activation}
        tensors[f"{i}.weight"] = weight
        if bias is not None:
            entry["bias"], tensors[f"{i}.bias"] = f"{i}.bias", bias
        entries.append(entry)
    return Plan("dense", {"file": "model.safetensors", "layers": entries}, {"model.safetensors": safetensors(tensors)}, outputs, scores,
                "a network of dense layers", source, **more)


def layers_of(model: Any) -> tuple[list[Layer], list[Output], Any] | None:
    """The layers of an estimator of scikit-learn, what they say, and how it says so itself; None where it has none."""
    kind = type(model).__name__
    if kind in ("MLPClassifier", "MLPRegressor") and hasattr(model, "coefs_"):
        hidden = {"logistic": "sigmoid"}.get(model.activation, model.activation)
        last = {"logistic": "sigmoid"}.get(model.out_activation_, model.out_activation_)
        activations = [hidden] * (len(model.coefs_) - 1) + [last]
        layers: list[Layer] = [(w.T, b, a) for w, b, a in zip(model.coefs_, model.intercepts_, activations, strict=True)]
    elif kind in ("LogisticRegression", "LogisticRegressionCV") and hasattr(model, "coef_"):
        layers = [(model.coef_, model.intercept_, "sigmoid" if len(model.coef_) == 1 else "softmax")]
    elif hasattr(model, "coef_") and hasattr(model, "intercept_") and not hasattr(model, "classes_") and hasattr(model, "predict"):
        weight = np.atleast_2d(np.asarray(model.coef_))
        layers = [(weight, np.broadcast_to(np.asarray(model.intercept_), (len(weight),)), "identity")]
    else:
        return None
    width = len(layers[-1][0])
    own = getattr(model, "classes_", None)
    if own is None:
        return layers, [Output("values", width)], model.predict
    names = class_names(own) or []
    if layers[-1][2] == "sigmoid" and len(names) == 2 and width == 1:
        return layers, [Output("class", 1, names)], lambda rows: model.predict_proba(rows)[:, 1]
    if layers[-1][2] == "softmax":
        return layers, [Output("class", width, names)], model.predict_proba
    return layers, [Output("labels", width, names)], model.predict_proba


def folded(steps: list[Any], features: int) -> dict[str, Any] | None:
    """Steps before a network as the input of a manifest; None where they are more than that."""
    told: dict[str, Any] = {}
    for step in steps:
        kind = type(step).__name__
        if kind == "SimpleImputer" and not told and not step.add_indicator and step.missing_values != step.missing_values and len(step.statistics_) == features:
            told["fill"] = [float(x) for x in step.statistics_]
        elif kind == "StandardScaler" and "std" not in told:
            told["mean"] = [float(x) for x in (step.mean_ if step.mean_ is not None else np.zeros(features))]
            told["std"] = [float(x) for x in (step.scale_ if step.scale_ is not None else np.ones(features))]
        elif kind == "MinMaxScaler" and "std" not in told and not step.clip:
            told["mean"] = [float(x) for x in -step.min_ / step.scale_]
            told["std"] = [float(x) for x in 1 / step.scale_]
        elif step not in ("passthrough", None):
            return None
    return told


def sklearn(model: Any, table: Table, classes: list[str] | None) -> Plan | None:
    """An estimator with layers, alone or behind scalers and an imputer; None where it is something else."""
    import sklearn as library

    steps, final, whole = [], model, model
    if type(model).__name__ == "Pipeline":
        steps, final = [step for _, step in model.steps[:-1]], model.steps[-1][1]
    found = layers_of(final)
    given = folded(steps, table.features)
    if found is None or given is None or any(c.categories is not None for c in table.columns or []):
        return None
    layers, outputs, _ = found
    if len(layers[0][0][0]) != table.features:
        raise ExportError(f"sample has {table.features} columns; the model has {len(layers[0][0][0])} features")
    first = outputs[0]
    if classes is not None and first.classes is not None:
        if len(classes) != len(first.classes):
            raise ExportError(f"classes has {len(classes)} entries; the model tells {len(first.classes)} classes apart")
        first.classes = classes

    def scores(rows: Any) -> Any:
        if first.classes is None:
            return whole.predict(rows)
        told = whole.predict_proba(rows)
        return told[:, 1] if first.kind == "class" and first.width == 1 else told

    if table.any_missing and "fill" not in given:
        raise ExportError("sample has missing values, and the model has no imputer for them; fill them in, or put a SimpleImputer before it")
    rows = table.take(200)
    matrix = np.asarray(rows, np.float64)
    if "fill" in given:
        matrix = np.where(np.isnan(matrix), given["fill"], matrix)
    if "std" in given:
        matrix = (matrix - given["mean"]) / given["std"]
    ours, theirs = run(layers, matrix), np.asarray(scores(rows), np.float64).reshape(len(rows), -1)
    if ours.shape != theirs.shape or not np.allclose(ours, theirs, rtol=CLOSE, atol=CLOSE):
        return None  # it does something that its layers do not say
    if "fill" in given:
        for column in table.columns or []:
            column.missing = True
    return plan(layers, outputs, scores, ("scikit-learn", library.__version__, "safetensors"), input=given,
                missing="fill" in given and table.columns is None, columns=table.columns)
