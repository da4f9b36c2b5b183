"""PyTorch and Keras: stacks of dense layers as they are, other networks as ONNX."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from . import _dense
from ._bundle import Output, Plan
from ._errors import ExportError
from ._table import Table

TORCH = {"ReLU": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "SiLU": "silu", "Softplus": "softplus", "Softmax": "softmax", "ELU": "elu", "LeakyReLU": "leaky_relu"}
DEFAULTS = {"ELU": ("alpha", 1.0), "LeakyReLU": ("negative_slope", 0.01), "Softplus": ("beta", 1)}


def _finish(layers: list[_dense.Layer], classes: list[str] | None) -> tuple[list[Output], bool]:
    """What the last layer's numbers mean, and whether they are logits of classes."""
    width, last = len(layers[-1][0]), layers[-1][2]
    return _meaning(width, last, classes)


def _meaning(width: int, last: str, classes: list[str] | None) -> tuple[list[Output], bool]:
    if classes is None and last == "softmax":
        return [Output("class", width, [str(i) for i in range(width)])], False
    if classes is None:
        return [Output("values", width)], False
    if len(classes) != width and not (width == 1 and len(classes) == 2):
        raise ExportError(f"classes has {len(classes)} entries; the network gives {width} scores")
    return [Output("class", width, classes)], last not in ("softmax", "sigmoid")


def _linked(scores: Any, outputs: list[Output], logits: bool) -> Any:
    if not logits:
        return scores
    curve = "sigmoid" if outputs[0].width == 1 else "softmax"
    return _dense.CURVES[curve](np.asarray(scores, np.float64))


def torch(model: Any, table: Table, classes: list[str] | None) -> Plan:
    import torch as library

    model = model.eval()
    shape = getattr(table, "shape", (table.features,))

    def scores_of(rows: Any) -> Any:
        with library.no_grad():
            given = library.from_numpy(np.asarray(rows, np.float32).reshape(-1, *shape))
            return model(given).reshape(len(given), -1).double().numpy()

    source = ("torch", str(library.__version__), "")
    layers = _torch_layers(model)
    if layers is not None:
        outputs, logits = _finish(layers, classes)
        made = _dense.plan(layers, outputs, lambda rows: _linked(scores_of(rows), outputs, logits), source, columns=table.columns)
        if logits:
            made.entry["output"] = "logits"
        return made
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        rows = library.from_numpy(np.asarray(table.take(2), np.float32).reshape(-1, *shape))
        library.onnx.export(model, (rows,), str(path), input_names=["rows"], output_names=["scores"], dynamic_axes={"rows": {0: "n"}, "scores": {0: "n"}})
        data = path.read_bytes()
    width = int(scores_of(table.take(1)).shape[1])
    outputs, logits = _meaning(width, "", classes)
    return _onnx(data, outputs, logits, scores_of, source, table, shape)


def _onnx(data: bytes, outputs: list[Output], logits: bool, scores: Any, source: tuple[str, str, str], table: Table, shape: tuple[int, ...]) -> Plan:
    entry: dict[str, Any] = {"file": "model.onnx"}
    if logits:
        entry["output"] = "logits"
    given = {} if len(shape) == 1 else {"shape": list(shape)}
    return Plan("onnx", entry, {"model.onnx": data}, outputs, lambda rows: _linked(scores(rows), outputs, logits),
                "ONNX, run by Penstock where it is dense layers, else by ONNX Runtime", (source[0], source[1], "ONNX"), columns=table.columns, input=given)


def _torch_layers(model: Any) -> list[_dense.Layer] | None:
    layers: list[_dense.Layer] = []
    if type(model).__name__ != "Sequential":
        return None
    for module in model:
        kind = type(module).__name__
        if kind == "Linear":
            layers.append((module.weight.detach().numpy(), None if module.bias is None else module.bias.detach().numpy(), "identity"))
        elif kind in ("Dropout", "Identity") or kind == "Flatten" and not layers:
            continue
        elif kind in TORCH and layers and layers[-1][2] == "identity":
            name, usual = DEFAULTS.get(kind, ("", None))
            if name and getattr(module, name) != usual:
                return None
            layers[-1] = (*layers[-1][:2], TORCH[kind])
        else:
            return None
    return layers or None


def keras(model: Any, table: Table, classes: list[str] | None) -> Plan:
    import keras as library

    shape = getattr(table, "shape", (table.features,))
    layers: list[_dense.Layer] | None = []
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "Dense" and layers is not None:
            weights = layer.get_weights()
            activation = {"linear": "identity", "swish": "silu"}.get(layer.activation.__name__, layer.activation.__name__)
            layers = None if activation not in _dense.CURVES else [*layers, (weights[0].T, weights[1] if len(weights) > 1 else None, activation)]
        elif kind not in ("Dropout", "InputLayer") and not (kind == "Flatten" and layers == []):
            layers = None

    def scores_of(rows: Any) -> Any:
        return np.asarray(model(np.asarray(rows, np.float32).reshape(-1, *shape)), np.float64).reshape(len(rows), -1)

    source = ("keras", str(library.__version__), "")
    if layers:
        outputs, logits = _finish(layers, classes)
        made = _dense.plan(layers, outputs, lambda rows: _linked(scores_of(rows), outputs, logits), source, columns=table.columns)
        if logits:
            made.entry["output"] = "logits"
        return made
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        try:
            model.export(str(path), format="onnx", verbose=False)
        except Exception as error:
            raise ExportError(f"the network is no stack of Dense layers, and Keras cannot write it as ONNX ({error}); export a function that calls it instead") from error
        data = path.read_bytes()
    outputs, logits = _meaning(int(scores_of(table.take(1)).shape[1]), "softmax" if classes else "", classes)
    return _onnx(data, outputs, logits, scores_of, source, table, shape)
