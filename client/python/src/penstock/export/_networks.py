"""Networks of Keras and PyTorch: stacks of dense layers, or ONNX."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ._dense import Layer, forward, plan_of
from ._errors import ExportError
from ._plan import NotThisWayError, Plan, labels, names_of, one_class, source, values
from ._sample import Sample

KERAS = {"linear": "identity", "relu": "relu", "leaky_relu": "leaky_relu", "elu": "elu", "gelu": "gelu", "silu": "silu", "swish": "silu", "tanh": "tanh", "sigmoid": "sigmoid", "softplus": "softplus", "softmax": "softmax"}


def _output(width: int, activation: str, classes: list[Any] | None) -> dict[str, Any]:
    """What a network's last activation makes of its values."""
    if activation == "softmax":
        names = names_of(classes, width) if classes is not None else [str(i) for i in range(width)]
        return {**one_class(names), "width": width}
    if activation == "sigmoid" and width == 1:
        return one_class(names_of(classes, 2) if classes is not None else ["0", "1"])
    if activation == "sigmoid":
        return labels(names_of(classes, width) if classes is not None else [str(i) for i in range(width)])
    if classes is not None and len(classes) == 2 and width == 1:
        return one_class(names_of(classes, 2))
    if classes is not None:
        return {**one_class(names_of(classes, width)), "width": width}
    return values(width)


def _plan(layers: list[Layer], sample: Sample, classes: list[Any] | None, run: Any, said: dict[str, str]) -> Plan:
    """A network that ends in numbers and has classes gives their logits."""
    last = layers[-1]
    if layers[0].weight.shape[1] != sample.features:
        raise ExportError(f"sample has {sample.features} columns; the network takes {layers[0].weight.shape[1]}")
    if any(c.missing for c in sample.columns):
        raise ExportError("sample has missing values, and a network has nothing for them; fill them in first, or leave such rows out")
    output = _output(len(last.bias), last.activation, classes)
    linked = last.activation in ("softmax", "sigmoid") or last.activation == "identity" and classes is not None
    raw = last.activation == "identity" and classes is not None
    if linked:
        last.activation = "identity"

    def score(rows: Sample) -> Any:
        found = np.asarray(run(rows.float32), np.float64).reshape(len(rows), -1)
        return forward([], output, found) if raw else found

    why = f"{len(layers)} dense layer{'s' if len(layers) > 1 else ''}"
    return plan_of(layers, output, score, why, said)


def keras(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    if type(model).__name__ not in ("Sequential", "Functional"):
        raise NotThisWayError(f"{type(model).__name__} is no stack of Dense layers")
    layers: list[Layer] = []
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in ("InputLayer", "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization") or kind == "Flatten" and not layers:
            continue
        if kind == "Dense":
            weights = [np.asarray(w) for w in layer.get_weights()]
            bias = weights[1] if len(weights) > 1 else np.zeros(weights[0].shape[1])
            layers.append(Layer(weights[0].T, bias, _keras_activation(layer)))
        elif kind in ("Activation", "ReLU", "Softmax") and layers and layers[-1].activation == "identity":
            layers[-1].activation = _keras_activation(layer) if kind == "Activation" else kind.lower()
        else:
            raise NotThisWayError(f"its layer {kind} is no Dense")
    if not layers:
        raise NotThisWayError("it has no Dense layer")
    if any(a.activation == "softmax" for a in layers[:-1]):
        raise NotThisWayError("it has a softmax before its last layer")
    import keras as library

    version = {"version": str(library.__version__)} if hasattr(library, "__version__") else {}
    return _plan(layers, sample, classes, _keras_run(model, sample), {"library": "keras", "format": type(model).__name__, **version})


def _keras_activation(layer: Any) -> str:
    name = getattr(layer.activation, "__name__", type(layer.activation).__name__)
    if name not in KERAS or name == "gelu" or name == "leaky_relu":  # Keras has other constants for these
        raise NotThisWayError(f"it has the activation {name}")
    return KERAS[name]


def keras_onnx(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    import keras as library

    said = {"library": "keras", "format": "ONNX", "version": str(library.__version__)}
    last = model.layers[-1]
    activation = KERAS.get(getattr(getattr(last, "activation", None), "__name__", ""), "identity")
    return _graph(lambda path: model.export(path, format="onnx", verbose=False), sample, classes, _keras_run(model, sample), said, "Keras", activation)


def _keras_run(model: Any, sample: Sample) -> Any:
    return lambda rows: model.predict(rows.reshape(len(rows), *sample.shape), verbose=0)


def _graph(write: Any, sample: Sample, classes: list[Any] | None, run: Any, said: dict[str, str], writer: str, activation: str = "") -> Plan:
    """A network as a graph. Numbers that are no probabilities and have classes are their logits."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        try:
            write(str(path))
        except Exception as error:
            raise ExportError(f"{writer} cannot write the network as ONNX ({type(error).__name__}: {error}); install what it asks for, or export a function that calls the network") from error
        if any(p.name != path.name for p in Path(folder).iterdir()):
            raise ExportError(f"{writer} keeps the network's weights outside of its ONNX file; export a function that calls the network")
        data = path.read_bytes()
    found = np.asarray(run(sample.float32[:64]), np.float64).reshape(min(len(sample), 64), -1)
    if not activation and classes is not None and found.min() >= 0 and np.abs(found.sum(axis=1) - 1).max() < 1e-4:
        activation = "softmax"
    output = _output(found.shape[1], activation, classes)
    entry: dict[str, Any] = {"file": "model.onnx"}
    raw = classes is not None and activation not in ("softmax", "sigmoid")
    if raw:
        entry["output"] = "logits"

    def score(rows: Sample) -> Any:
        scores = np.asarray(run(rows.float32), np.float64).reshape(len(rows), -1)
        return forward([], output, scores) if raw else scores

    given = {"shape": list(sample.shape)} if len(sample.shape) > 1 else {}
    return Plan("onnx", entry, {"model.onnx": data}, [output], score, f"a network as ONNX, as {writer} writes it", said, given)


def torch(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    import torch as library

    layers: list[Layer] = []
    for module in _modules(model):
        kind = type(module).__name__
        if kind in ("Dropout", "Identity", "AlphaDropout") or kind == "Flatten" and not layers and module.start_dim == 1 and module.end_dim == -1:
            continue
        if kind == "Linear":
            weight = module.weight.detach().cpu().double().numpy()
            bias = np.zeros(len(weight)) if module.bias is None else module.bias.detach().cpu().double().numpy()
            layers.append(Layer(weight, bias))
        elif layers and layers[-1].activation == "identity":
            layers[-1].activation = _torch_activation(module)
        else:
            raise NotThisWayError(f"its module {kind} is no Linear")
    if not layers:
        raise NotThisWayError("it has no Linear module")
    if any(a.activation == "softmax" for a in layers[:-1]):
        raise NotThisWayError("it has a softmax before its last layer")

    return _plan(layers, sample, classes, _torch_run(model, sample), {"library": "torch", "format": type(model).__name__, "version": str(library.__version__)})


def _torch_run(model: Any, sample: Sample) -> Any:
    import torch as library

    def run(rows: Any) -> Any:
        was = model.training
        model.eval()
        try:
            with library.no_grad():
                first = next(model.parameters())
                given = library.as_tensor(rows.reshape(len(rows), *sample.shape)).to(first.device, first.dtype)
                return model(given).double().cpu().numpy()
        finally:
            model.train(was)

    return run


def _modules(model: Any) -> list[Any]:
    kind = type(model).__name__
    if kind == "Linear":
        return [model]
    if kind != "Sequential":
        raise NotThisWayError(f"{kind} is no Sequential, whose order of modules is known")
    found: list[Any] = []
    for module in model:
        found += _modules(module) if type(module).__name__ == "Sequential" else [module]
    return found


def _torch_activation(module: Any) -> str:
    kind = type(module).__name__
    simple = {"ReLU": "relu", "SiLU": "silu", "Tanh": "tanh", "Sigmoid": "sigmoid"}
    if kind in simple:
        return simple[kind]
    if kind == "GELU" and module.approximate == "none":
        return "gelu"
    if kind == "LeakyReLU" and module.negative_slope == 0.01:
        return "leaky_relu"
    if kind == "ELU" and module.alpha == 1:
        return "elu"
    if kind == "Softplus" and module.beta == 1:
        return "softplus"
    if kind == "Softmax" and module.dim in (1, -1):
        return "softmax"
    raise NotThisWayError(f"its module {kind} is none of the activations that the engine dense has")


def torch_onnx(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    import torch as library

    def write(path: str) -> None:
        was = model.training
        model.eval()
        try:
            rows = library.as_tensor(sample.float32[:2].reshape(-1, *sample.shape)).to(next(model.parameters()).device)
            library.onnx.export(model, (rows,), path, input_names=["rows"], output_names=["scores"], dynamic_axes={"rows": {0: "n"}, "scores": {0: "n"}})
        finally:
            model.train(was)

    said = {"library": "torch", "format": "ONNX", "version": str(library.__version__)}
    return _graph(write, sample, classes, _torch_run(model, sample), said, "torch.onnx")
