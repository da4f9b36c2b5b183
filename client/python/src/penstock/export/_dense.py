"""Linear models and multilayer perceptrons of scikit-learn, as dense layers."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import ExportError
from ._plan import NotThisWayError, Plan, arrange, as_scores, labels, names_of, one_class, source, values
from ._sample import Sample

Floats = npt.NDArray[np.float64]


@dataclass
class Layer:
    weight: Floats  # [out, in]
    bias: Floats
    activation: str = "identity"


def safetensors(tensors: dict[str, Any]) -> bytes:
    """Eight bytes of header length, a JSON header, the data."""
    header: dict[str, Any] = {}
    data, at = [], 0
    for name, tensor in tensors.items():
        t = np.ascontiguousarray(tensor, "<f4")
        header[name] = {"dtype": "F32", "shape": t.shape, "data_offsets": [at, at + t.nbytes]}
        data.append(t.tobytes())
        at += t.nbytes
    head = json.dumps(header).encode()
    return b"".join([struct.pack("<Q", len(head)), head, *data])


def plan_of(layers: list[Layer], output: dict[str, Any], score: Any, why: str, said: dict[str, str], given: dict[str, Any] | None = None, logits: bool = True) -> Plan:
    tensors: dict[str, Any] = {}
    entries = []
    for i, layer in enumerate(layers):
        tensors[f"{i}.weight"], tensors[f"{i}.bias"] = layer.weight, layer.bias
        entries.append({"weight": f"{i}.weight", "bias": f"{i}.bias", "activation": layer.activation})
    entry: dict[str, Any] = {"file": "model.safetensors", "layers": entries}
    if logits and output["kind"] in ("class", "labels"):
        entry["output"] = "logits"
    for tensor in tensors.values():
        if not np.isfinite(np.asarray(tensor, np.float32)).all():
            raise ExportError("the model has a weight that is NaN, infinite or beyond float32; train it again")
    return Plan("dense", entry, {"model.safetensors": safetensors(tensors)}, [output], score, why, said, given or {})


@dataclass
class Before:
    """What is done to features before the model: fill, then (x - mean) / std."""

    mean: Floats
    std: Floats
    fill: Floats | None = None

    def scaled(self, mean: Any, std: Any) -> None:
        """After what there is, (y - mean) / std."""
        self.mean = self.mean + np.asarray(mean, np.float64) * self.std
        self.std = self.std * np.asarray(std, np.float64)


def sklearn(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    steps = [step for _, step in model.steps] if type(model).__name__ == "Pipeline" else [model]
    before = Before(np.zeros(sample.features), np.ones(sample.features))
    for step in steps[:-1]:
        _preprocess(step, before)
    last = steps[-1]
    layers, output = _layers(last, classes)
    if any(c.values is not None for c in sample.columns):
        raise NotThisWayError("the sample has categories, which no layer knows")
    if before.fill is not None:
        for column in sample.columns:
            column.missing = True
    for column in sample.columns:
        column.dtype = "float64"

    def score(rows: Sample) -> Any:
        given = arrange(rows)
        if output["kind"] == "values":
            return model.predict(given)
        found = as_scores(model.predict_proba(given))
        return found[:, 1:] if output.get("width") == 1 else found

    _compare(layers, output, before, sample, score)
    given: dict[str, Any] = {}
    if (before.mean != 0).any() or (before.std != 1).any():
        if (np.abs(before.std) < 1.2e-38).any() or (before.std < 0).any() or not np.isfinite(before.mean).all():
            raise NotThisWayError("a scaler divides by less than float32 can")
        given.update(mean=before.mean.tolist(), std=before.std.tolist())
    if before.fill is not None:
        given["fill"] = before.fill.tolist()
    kind = type(last).__name__
    why = f"{kind} is {'one layer' if len(layers) == 1 else f'{len(layers)} layers'}" + (", after what scales the features" if given else "")
    return plan_of(layers, output, score, why, source("scikit-learn", kind), given)


def _preprocess(step: Any, before: Before) -> None:
    kind = type(step).__name__
    n = len(before.mean)
    if step is None or step == "passthrough" or kind == "FunctionTransformer" and step.func is None:
        return
    if kind == "StandardScaler":
        before.scaled(0 if step.mean_ is None else step.mean_, 1 if step.scale_ is None else step.scale_)
    elif kind == "MinMaxScaler" and not step.clip:
        before.scaled(-step.min_ / step.scale_, 1 / step.scale_)
    elif kind == "MaxAbsScaler":
        before.scaled(0, step.scale_)
    elif kind == "RobustScaler":
        before.scaled(0 if step.center_ is None else step.center_, 1 if step.scale_ is None else step.scale_)
    elif kind == "SimpleImputer" and not step.add_indicator and before.fill is None:
        fill = np.asarray(step.statistics_)
        if fill.dtype.kind not in "fiu" or np.isnan(fill).any() or len(fill) != n or step.missing_values == step.missing_values:
            raise NotThisWayError("its SimpleImputer does more than to fill in a number for NaN")
        before.fill = fill * before.std + before.mean
    else:
        raise NotThisWayError(f"its step {kind} does not scale each feature by itself")


_ACTIVATIONS = {"identity": "identity", "relu": "relu", "logistic": "sigmoid", "tanh": "tanh"}


def _layers(model: Any, classes: list[Any] | None) -> tuple[list[Layer], dict[str, Any]]:
    kind = type(model).__name__
    if kind in ("MLPClassifier", "MLPRegressor"):
        layers = [Layer(w.T, b, _ACTIVATIONS[model.activation]) for w, b in zip(model.coefs_, model.intercepts_, strict=True)]
        layers[-1].activation = "identity"
        if kind == "MLPRegressor":
            if model.out_activation_ != "identity":
                raise NotThisWayError(f"its last activation is {model.out_activation_}")
            return layers, values(len(model.intercepts_[-1]))
        names = names_of(classes if classes is not None else model.classes_, len(model.classes_))
        if model.out_activation_ == "logistic" and len(model.intercepts_[-1]) > 1:
            return layers, labels(names)
        return layers, one_class(names) if model.out_activation_ == "logistic" else {**one_class(names), "width": len(names)}
    weight, bias = getattr(model, "coef_", None), getattr(model, "intercept_", None)
    if weight is None or bias is None or not hasattr(model, "predict") or getattr(model, "kernel", "linear") != "linear":
        raise NotThisWayError("")
    weight = np.atleast_2d(np.asarray(weight.toarray() if hasattr(weight, "toarray") else weight, np.float64))
    bias = np.broadcast_to(np.ravel(np.asarray(bias, np.float64)), (len(weight),)).copy()
    if not hasattr(model, "classes_"):
        return [Layer(weight, bias)], values(len(weight))
    if not hasattr(model, "predict_proba"):
        raise NotThisWayError(f"{kind} has no probabilities")
    names = names_of(classes if classes is not None else model.classes_, len(model.classes_))
    if len(weight) == 1 and len(names) == 2:
        return [Layer(weight, bias)], one_class(names)
    return [Layer(weight, bias)], {**one_class(names), "width": len(names)}


def forward(layers: list[Layer], output: dict[str, Any], x: Floats) -> Floats:
    """What the layers make of features, as float64."""
    for layer in layers:
        x = x @ layer.weight.T + layer.bias
        if layer.activation == "relu":
            x = np.maximum(x, 0)
        elif layer.activation == "tanh":
            x = np.tanh(x)
        elif layer.activation == "sigmoid":
            x = 0.5 * (1 + np.tanh(x / 2))
    if output["kind"] == "labels" or output["kind"] == "class" and x.shape[1] == 1:
        return np.asarray(0.5 * (1 + np.tanh(x / 2)))
    if output["kind"] == "class":
        x = np.exp(x - x.max(axis=1, keepdims=True))
        return np.asarray(x / x.sum(axis=1, keepdims=True))
    return x


def _compare(layers: list[Layer], output: dict[str, Any], before: Before, sample: Sample, score: Any) -> None:
    """Some linear models have a link of their own: what the library says decides."""
    few = sample.take(slice(0, 64))
    x = few.values
    if layers[0].weight.shape[1] != x.shape[1]:
        raise NotThisWayError(f"its coefficients are of {layers[0].weight.shape[1]} features, not {x.shape[1]}")
    if before.fill is not None:
        x = np.where(np.isnan(x), before.fill, x)
    try:
        theirs = as_scores(score(few))
    except Exception as error:
        raise ExportError(f"the model fails on the sample: {type(error).__name__}: {error}") from error
    ours = forward(layers, output, (x - before.mean) / before.std)
    size = max(1.0, float(np.abs(theirs).max()))
    if ours.shape != theirs.shape or not np.abs(ours - theirs).max() <= 1e-6 * size:
        raise NotThisWayError("its scores are not those of its coefficients alone")
