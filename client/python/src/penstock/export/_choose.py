"""Which engine a model is served by."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import _dense, _networks, _onnx, _python, _trees
from ._errors import ExportError
from ._plan import NotThisWayError, Plan
from ._sample import Sample

Maker = Callable[[Any, Sample, "list[Any] | None"], Plan]


def library_of(model: Any) -> str:
    """The library whose class a model is of, or that its class derives from."""
    known = {"xgboost", "lightgbm", "catboost", "sklearn", "keras", "tensorflow", "tf_keras", "torch"}
    for kind in type(model).__mro__:
        root = kind.__module__.partition(".")[0]
        if root in known:
            return {"tensorflow": "keras", "tf_keras": "keras"}.get(root, root)
    return ""


def makers(model: Any) -> dict[str, Maker]:
    """The ways to serve a model by their engines, the preferred first."""
    if isinstance(model, (str, os.PathLike)):
        if Path(model).suffix == ".py":
            return {"python": _python.of_file}
        raise ExportError(f"model is the path {os.fspath(model)!r}; expected a model, or a program that ends in .py. A model file is served as it stands: penstock --model FILE")
    library = library_of(model)
    if library in ("xgboost", "lightgbm", "catboost"):
        return {"trees": getattr(_trees, library), "python": _python.of_object}
    if library == "keras":
        return {"dense": _networks.keras, "onnx": _networks.keras_onnx}
    if library == "torch":
        return {"dense": _networks.torch, "onnx": _networks.torch_onnx}
    if library == "sklearn":
        return {"trees": _trees.sklearn, "dense": _dense.sklearn, "onnx": _onnx.sklearn, "python": _python.of_object}
    if isinstance(model, (dict, list, tuple)) or not (callable(model) or hasattr(model, "predict")):
        raise ExportError(f"model is a {type(model).__name__}; expected a model of a library, a function of rows, or an object with predict")
    return {"python": _python.of_object}


def choose(model: Any, sample: Sample, engine: str | None, classes: list[Any] | None) -> tuple[Plan, Sample]:
    """How a model is served, and the sample with the columns as the model has them."""
    _check_fitted(model)
    _check_width(model, sample)
    ways = makers(model)
    if engine is not None:
        if engine not in ways:
            raise ExportError(f"engine is {engine!r}; this {_called(model)} can be served by {' or '.join(ways)}")
        ways = {engine: ways[engine]}
    reasons: list[str] = []
    for name, make in ways.items():
        own = copy.deepcopy(sample)  # which a way may change before it turns out to be none
        try:
            plan = make(model, own, classes)
        except NotThisWayError as no:
            if str(no):
                reasons.append(f"not {name}, for {no}")
            continue
        if reasons:
            plan.why = "; ".join([plan.why, *reasons])
        return plan, own
    raise ExportError(f"this {_called(model)} cannot be served: {'; '.join(reasons) or f'it is nothing that the engine {engine} runs'}")


def _called(model: Any) -> str:
    return os.fspath(model) if isinstance(model, os.PathLike) else type(model).__name__


def _check_fitted(model: Any) -> None:
    sklearn = sys.modules.get("sklearn")
    if sklearn is None or not hasattr(model, "get_params") or not hasattr(model, "fit"):
        return
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise ExportError(f"the {type(model).__name__} is not fitted; call fit first") from error
    except (TypeError, AttributeError):
        return


def _check_width(model: Any, sample: Sample) -> None:
    try:
        expected = getattr(model, "n_features_in_", None)
        names = getattr(model, "feature_names_in_", None)
    except Exception:  # of a property of an estimator that is put together oddly
        return
    if isinstance(expected, int) and expected != sample.features:
        raise ExportError(f"sample has {sample.features} columns; the {type(model).__name__} was trained on {expected}: give rows as fit was given them, without the labels")
    if names is not None and sample.named:
        ours = [c.name for c in sample.columns]
        if [str(n) for n in names] != ours:
            raise ExportError(f"sample has the columns {ours[:10]}; the {type(model).__name__} was trained on {[str(n) for n in names][:10]}: give rows as fit was given them")
    if names is not None and not sample.named and len(sample.shape) == 1:
        for column, name in zip(sample.columns, names, strict=True):
            column.name = str(name)
