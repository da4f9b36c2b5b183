"""Models of trees: XGBoost, LightGBM, CatBoost, and the forests of scikit-learn."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .._forest import UnsupportedForest, forest_bytes
from ._bundle import Output, Plan
from ._errors import ExportError
from ._table import Column, Table, class_names


def _saved(save: Callable[[str], Any], name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        save(str(path))
        return path.read_bytes()


def _classes(given: list[str] | None, own: Any, count: int) -> list[str]:
    names = given or class_names(own) or [str(i) for i in range(count)]
    if len(names) != count:
        raise ExportError(f"classes has {len(names)} entries; the model tells {count} classes apart")
    return names


def _missing(table: Table) -> list[Column] | None:
    """The sample's columns, any of which may be missing, as trees allow."""
    for column in table.columns or []:
        column.missing = True
    return table.columns


def xgboost(model: Any, table: Table, classes: list[str] | None) -> Plan:
    import xgboost as library

    wrapper = not isinstance(model, library.Booster)
    booster = model.get_booster() if wrapper else model
    if booster.num_features() != table.features:
        raise ExportError(f"sample has {table.features} columns; the model has {booster.num_features()} features")
    learner = json.loads(booster.save_config())["learner"]
    objective = learner["objective"]["name"]
    count = int(learner["learner_model_param"]["num_class"])
    own = getattr(model, "classes_", None)
    data = _saved(model.save_model if wrapper else booster.save_model, "model.ubj")
    limit = (0, 0)
    if wrapper and getattr(model, "best_iteration", None) is not None and model.early_stopping_rounds is not None:
        limit = (0, model.best_iteration + 1)

    def predict(rows: Any, margin: bool = False) -> Any:
        matrix = library.DMatrix(rows, enable_categorical=True, feature_names=booster.feature_names, feature_types=None if hasattr(rows, "columns") else booster.feature_types)
        return booster.predict(matrix, output_margin=margin, iteration_range=limit)

    def multi(rows: Any) -> Any:
        margin = np.asarray(predict(rows, True), np.float64)
        e = np.exp(margin - margin.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    scores: Callable[[Any], Any] = predict
    if objective.startswith("multi:"):
        outputs = [Output("class", count, _classes(classes, own, count))]
        scores = multi
    elif objective == "binary:logistic":
        outputs = [Output("class", 1, _classes(classes, own, 2))]
    else:
        width = int(np.asarray(predict(table.take(1))).reshape(1, -1).shape[1])
        outputs = [Output("values", width)]
    return Plan("trees", {"file": "model.ubj", "format": "xgboost"}, {"model.ubj": data}, outputs, scores, "XGBoost's own file, run by Penstock's trees",
                ("xgboost", library.__version__, "UBJSON"), missing=True, columns=_missing(table))


def lightgbm(model: Any, table: Table, classes: list[str] | None) -> Plan:
    import lightgbm as library

    booster = model if isinstance(model, library.Booster) else model.booster_
    if booster.num_feature() != table.features:
        raise ExportError(f"sample has {table.features} columns; the model has {booster.num_feature()} features")
    objective = str(booster.dump_model(num_iteration=1).get("objective", "")).split()
    own = getattr(model, "classes_", None)
    count = booster.num_model_per_iteration()
    kind = objective[0] if objective else ""
    if kind == "binary":
        outputs = [Output("class", 1, _classes(classes, own, 2))]
    elif kind == "multiclass":
        outputs = [Output("class", count, _classes(classes, own, count))]
    elif kind == "multiclassova":
        outputs = [Output("labels", count, _classes(classes, own, count))]
    else:
        outputs = [Output("values", count)]
    columns = _missing(table)
    for column, names in zip([c for c in columns or [] if c.categories is not None], booster.pandas_categorical or [], strict=False):
        column.categories, column.unknown = [str(n) for n in names], "missing"
    return Plan("trees", {"file": "model.txt", "format": "lightgbm"}, {"model.txt": _saved(booster.save_model, "model.txt")}, outputs,
                lambda rows: booster.predict(rows), "LightGBM's own file, run by Penstock's trees", ("lightgbm", library.__version__, "text"),
                missing=True, columns=columns)


def catboost(model: Any, table: Table, classes: list[str] | None) -> Plan:
    import catboost as library

    loss = str(model.get_all_params().get("loss_function", "")).partition(":")[0]
    names = list(model.feature_names_ or [])
    if names and len(names) != table.features:
        raise ExportError(f"sample has {table.features} columns; the model has {len(names)} features")
    own = list(model.classes_) if len(model.classes_) > 0 else None
    kind = "Probability"
    if loss in ("Logloss", "CrossEntropy"):
        outputs = [Output("class", 1, _classes(classes, own, 2))]
    elif loss == "MultiClass":
        outputs = [Output("class", len(own or []), _classes(classes, own, len(own or [])))]
    elif loss in ("MultiClassOneVsAll", "MultiLogloss", "MultiCrossEntropy"):
        width = np.asarray(model.predict(table.take(1), prediction_type=kind)).reshape(1, -1).shape[1]
        outputs = [Output("labels", width, _classes(classes, own, width))]
    else:
        kind = "Exponent" if loss in ("Poisson", "Tweedie") else "RawFormulaVal"
        outputs = [Output("values", np.asarray(model.predict(table.take(1), prediction_type=kind)).reshape(1, -1).shape[1])]

    def scores(rows: Any) -> Any:
        found = np.asarray(model.predict(rows, prediction_type=kind))
        return found[:, 1] if outputs[0].kind == "class" and outputs[0].width == 1 else found

    categorical = set(model.get_cat_feature_indices())
    for place, column in enumerate(table.columns or []):
        if place in categorical and column.categories is not None:
            column.unknown = "own"
        elif place not in categorical:
            column.missing = True
    return Plan("trees", {"file": "model.json", "format": "catboost"}, {"model.json": _saved(lambda path: model.save_model(path, format="json"), "model.json")},
                outputs, scores, "CatBoost's own file, run by Penstock's trees", ("catboost", library.__version__, "JSON"), columns=table.columns,
                missing=table.columns is None)


def forest(model: Any, table: Table, classes: list[str] | None) -> Plan | None:
    """A forest of scikit-learn; None where it is none that can be written."""
    import sklearn

    if getattr(model, "n_features_in_", table.features) != table.features:
        raise ExportError(f"sample has {table.features} columns; the model has {model.n_features_in_} features")
    names = [c.name for c in table.columns] if table.columns else None
    try:
        data = forest_bytes(model, names=names, categories=[c.categories for c in table.columns] if table.columns else None)
    except UnsupportedForest:
        return None
    about = json.loads(_metadata(data))
    output = about["outputs"][0]
    own = getattr(model, "classes_", None)
    kind, width = output["kind"], int(output.get("width", 1))
    found = [Output(kind, width, _classes(classes, own, len(output["classes"])), output["name"]) if "classes" in output else Output(kind, width, None, output["name"])]
    if type(model).__name__ == "IsolationForest":
        scores: Callable[[Any], Any] = lambda rows: -model.score_samples(rows)  # noqa: E731
    elif kind == "class":
        scores = lambda rows: model.predict_proba(rows)[:, 1] if width == 1 else model.predict_proba(rows)  # noqa: E731
    else:
        scores = model.predict
    missing = bool(about.get("missing"))
    for column, told in zip(table.columns or [], about.get("columns", []), strict=False):
        column.categories, column.unknown = told.get("categories"), told.get("unknown", "refuse")
    return Plan("trees", {"file": "model.forest", "format": "forest"}, {"model.forest": data}, found, scores,
                "the trees in Penstock's own file", ("scikit-learn", sklearn.__version__, "forest"), missing=missing,
                columns=_missing(table) if missing else table.columns)


def _metadata(data: bytes) -> str:
    size = int.from_bytes(data[:8], "little")
    return str(json.loads(data[8 : 8 + size])["__metadata__"]["penstock.forest"])
