"""Models made ready for Penstock: a bundle from what a library trained."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import _dense, _networks, _onnx, _program, _trees
from ._bundle import Exported, Plan, write
from ._errors import ExportError
from ._table import Table

__all__ = ["ExportError", "Exported", "export"]

ENGINES = ("trees", "dense", "onnx", "python")


def export(
    model: Any,
    folder: str | os.PathLike[str],
    *,
    sample: Any,
    labels: Any = None,
    name: str | None = None,
    version: str = "1",
    classes: Sequence[str] | None = None,
    engine: str | None = None,
    overwrite: bool = False,
) -> Exported:
    """Writes a bundle that ``penstock serve --model FOLDER`` serves.

    ``model`` is a fitted model of XGBoost, LightGBM, CatBoost, scikit-learn (a
    Pipeline too), Keras or PyTorch; or a function of rows, or anything with predict;
    or the path of a program for the Python engine.

    ``sample`` are rows that it was trained on, (n, features): a DataFrame, whose
    columns give the features their names and categories, or an array. Golden rows,
    which prove every copy of the bundle, are taken from it, with the scores that the
    library itself gives them; and the reference, which tells what rows usually hold,
    with ``labels`` if they are given.

    ``name`` is the model's, and by default the folder's. ``classes`` are names in the
    order of the scores, in place of the model's own. ``engine`` is one of trees, dense,
    onnx and python; by default the fastest that gives the library's scores.

    Raises ExportError where something is wrong, and says what to do.
    """
    path = Path(folder)
    if engine is not None and engine not in ENGINES:
        raise ExportError(f"engine is {engine!r}; expected one of {', '.join(ENGINES)}")
    table = Table(sample)
    names = None if classes is None else [str(c) for c in classes]
    plan = _plan(model, table, names, engine)
    return write(plan, table, path, name or path.resolve().name, version, labels, overwrite)


def _plan(model: Any, table: Table, classes: list[str] | None, engine: str | None) -> Plan:
    if isinstance(model, str | os.PathLike):
        return _program.from_file(Path(model), table, classes)
    library = _library(model)
    if engine == "python":
        return _program.export(model, table, classes)
    direct = {"xgboost": _trees.xgboost, "lightgbm": _trees.lightgbm, "catboost": _trees.catboost, "torch": _networks.torch, "keras": _networks.keras}
    if library in direct:
        return direct[library](model, table, classes)
    if library == "sklearn":
        return _sklearn(model, table, classes, engine)
    if engine is not None:
        raise ExportError(f"engine is {engine!r}, but a {type(model).__name__} is one for the engine python alone")
    return _program.export(model, table, classes)


def _library(model: Any) -> str:
    for kind in type(model).__mro__:
        name = kind.__module__.partition(".")[0]
        if name in ("xgboost", "lightgbm", "catboost", "torch", "keras", "sklearn"):
            return name
    return ""


def _sklearn(model: Any, table: Table, classes: list[str] | None, engine: str | None) -> Plan:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise ExportError(f"the {type(model).__name__} is not fitted; call fit first") from error
    why: Exception | None = None
    for name, make in (("trees", _trees.forest), ("dense", _dense.sklearn), ("onnx", _onnx.sklearn)):
        if engine not in (None, name):
            continue
        try:
            plan = make(model, table, classes)
        except ImportError as error:
            why = error
            continue
        except ExportError:
            if name != "onnx" or engine == name:
                raise
            continue
        except Exception as error:  # whatever a converter does not know
            why = error
            continue
        if plan is not None:
            return plan
    if engine is not None:
        raise ExportError(f"the engine {engine} cannot run this {type(model).__name__}: {why or 'it is no such model'}; leave engine out")
    plan = _program.export(model, table, classes)
    if isinstance(why, ImportError):
        plan.why += f" (with {why.name} installed, ONNX would have been tried)"
    elif why is not None:
        plan.why += f" (ONNX cannot have it: {str(why).strip().splitlines()[0][:200] if str(why).strip() else type(why).__name__})"
    return plan
