"""Ensembles of trees in the files of their libraries."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .._forest import UnsupportedForest, forest_bytes
from .._sklearn_trees import KINDS
from ._errors import ExportError
from ._plan import NotThisWayError, Plan, arrange, as_scores, labels, names_of, one_class, source, values
from ._sample import Sample

Classes = "list[Any] | None"


def _allow_missing(sample: Sample) -> None:
    for column in sample.columns:
        column.missing = True


def _width(sample: Sample, features: int, what: str) -> None:
    if sample.features != features:
        raise ExportError(f"sample has {sample.features} columns; the {what} was trained on {features}: give rows as it was given them, without the labels")


def _names(given: list[Any] | None, fitted: Any, n: int) -> list[str]:
    if given is not None:
        return names_of(given, n)
    if fitted is not None and len(fitted) == n:
        return names_of(fitted)
    return [str(i) for i in range(n)]


def xgboost(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    import xgboost as library

    own = model if isinstance(model, library.Booster) else None
    if own is None:
        missing = getattr(model, "missing", np.nan)
        if missing is not None and missing == missing:
            raise NotThisWayError(f"missing={missing!r} is no part of the model's file")
        own = model.get_booster()
    _width(sample, own.num_features(), "booster")
    objective = str(json.loads(own.save_config())["learner"]["objective"]["name"])
    if json.loads(own.save_config())["learner"]["gradient_booster"]["name"] == "gblinear":
        raise NotThisWayError("gblinear has no trees")
    _allow_missing(sample)
    kinds = own.feature_types or []
    if "c" in kinds:
        _xgboost_categories(own, [str(k) for k in kinds], sample)
    groups = _groups(own)
    output = values(groups)
    if objective.startswith("multi:"):
        output = one_class(_names(classes, getattr(model, "classes_", None), groups))
        output.pop("width", None)
        output["width"] = groups
    elif objective == "binary:logistic":
        known = _fitted_classes(model)
        output = one_class(_names(classes, known, 2)) if groups == 1 else labels(_names(classes, None, groups))
    best = None if own is model else own.attr("best_iteration")  # as predict of each has it
    last = (0, int(best) + 1) if best is not None else (0, 0)
    names = own.feature_names

    def score(rows: Sample) -> Any:
        given = arrange(rows)
        told: dict[str, Any] = {"feature_names": None if rows.named else names}
        if not rows.named:
            told["feature_types"] = own.feature_types
        data = library.DMatrix(given, enable_categorical=True, **{k: v for k, v in told.items() if v is not None})
        if objective != "multi:softmax":
            return own.predict(data, iteration_range=last)
        sums = np.asarray(own.predict(data, output_margin=True, iteration_range=last), np.float64)
        parts = np.exp(sums - sums.max(axis=1, keepdims=True))
        return parts / parts.sum(axis=1, keepdims=True)

    why = f"XGBoost's own file of {objective}"
    if best is not None:
        why += f", up to its best iteration, {best}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.ubj"
        model.save_model(str(file))
        data = file.read_bytes()
    return Plan("trees", {"file": "model.ubj", "format": "xgboost"}, {"model.ubj": data}, [output], score, why, source("xgboost", "UBJSON"))


def _fitted_classes(model: Any) -> Any:
    try:
        return getattr(model, "classes_", None)
    except AttributeError:
        return None


def _groups(booster: Any) -> int:
    config = json.loads(booster.save_config())["learner"]["learner_model_param"]
    return max(int(config.get("num_class", 0)), int(config.get("num_target", 1)), 1)


def _xgboost_categories(booster: Any, kinds: list[str], sample: Sample) -> None:
    learner = json.loads(bytes(booster.save_raw("json")).decode("utf-8", "replace"))["learner"]
    encoded = learner["gradient_booster"].get("model", {}).get("cats", {}).get("enc", [])
    for i, kind in enumerate(kinds):
        if kind != "c":
            continue
        known: list[Any] = []
        if i < len(encoded):
            enc = encoded[i]
            if "offsets" in enc:
                text, at = bytes(v % 256 for v in enc["values"]), enc["offsets"]
                known = [text[a:b].decode() for a, b in zip(at, at[1:], strict=False)]
            else:
                known = list(enc.get("values", []))
        if known:
            sample.columns[i].dtype = "category"
            sample.use_categories(i, known, unknown="missing")


def lightgbm(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    import lightgbm as library

    own = model if isinstance(model, library.Booster) else model.booster_
    _width(sample, own.num_feature(), "booster")
    text = own.model_to_string()
    head = text.partition("\nTree=")[0]
    if "\nis_linear=1" in text:
        raise NotThisWayError("its leaves are linear models")
    objective = next((line[len("objective=") :] for line in head.splitlines() if line.startswith("objective=")), "").split(" ")[0]
    _allow_missing(sample)
    lists = list(own.pandas_categorical or [])
    places = [i for i, c in enumerate(sample.columns) if c.dtype == "category"]
    if lists and len(lists) != len(places):
        raise ExportError(f"the booster was trained with {len(lists)} columns of pandas' type category; the sample has {len(places)}: give rows as it was given them")
    for at, known in zip(places, lists, strict=False):
        if known:
            sample.use_categories(at, known, [_as_json(v) for v in known], unknown="missing")
    width = own.num_model_per_iteration()
    output = values(width)
    if objective == "binary":
        output = one_class(_names(classes, _fitted_classes(model), 2))
    elif objective == "multiclass":
        output = {**one_class(_names(classes, _fitted_classes(model), width)), "width": width}
    elif objective == "multiclassova":
        output = labels(_names(classes, _fitted_classes(model), width))

    def score(rows: Sample) -> Any:
        return own.predict(arrange(rows), num_iteration=own.best_iteration)

    why = f"LightGBM's own file of {objective or 'an objective of yours, whose raw sums are served'}"
    return Plan("trees", {"file": "model.txt", "format": "lightgbm"}, {"model.txt": text.encode()}, [output], score, why, source("lightgbm", "text"))


def _as_json(value: Any) -> str:
    """A category as the file of LightGBM has it."""
    plain = value.item() if isinstance(value, np.generic) else value
    return str(plain) if isinstance(plain, (bool, str)) else json.dumps(plain)


CATBOOST_PROBABILITIES = {"Logloss", "CrossEntropy", "Focal", "MultiClass", "MultiClassOneVsAll", "MultiLogloss", "MultiCrossEntropy"}


def catboost(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    import catboost as library

    if not model.is_fitted():
        raise ExportError(f"the {type(model).__name__} is not fitted; call fit first")
    _width(sample, len(model.feature_names_), type(model).__name__)
    places = list(model.get_cat_feature_indices())
    if model.get_text_feature_indices() or model.get_embedding_feature_indices():
        raise NotThisWayError("it has features of text or embeddings")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.json"
        model.save_model(str(file), format="json")
        data = file.read_bytes()
    said = json.loads(data)
    features = said["features_info"]
    if features.get("ctrs"):
        raise NotThisWayError("it has statistics of categories (CTR); with one_hot_max_size at least the number of categories it has none")
    loss = str(said["model_info"]["params"]["loss_function"]["type"])
    if loss == "RMSEWithUncertainty":
        raise NotThisWayError("the trees' engine does not know the loss RMSEWithUncertainty")
    for i, column in enumerate(sample.columns):
        if i not in places:
            column.missing = True
    hashed = {f["flat_feature_index"]: len(f.get("values", ())) for f in features.get("categorical_features", ())}
    for at in places:
        _catboost_categories(sample, at, hashed.get(at, 0))
    biases = said["scale_and_bias"][1]
    width = len(biases) if isinstance(biases, list) else 1
    output = values(width)
    known = _fitted_classes(model)
    if loss in ("Logloss", "CrossEntropy", "Focal"):
        output = one_class(_names(classes, known, 2))
    elif loss == "MultiClass":
        output = {**one_class(_names(classes, known, width)), "width": width}
    elif loss in CATBOOST_PROBABILITIES:
        output = labels(_names(classes, known, width))

    def score(rows: Sample) -> Any:
        pool = library.Pool(arrange(rows), cat_features=places) if places else arrange(rows)
        if loss in CATBOOST_PROBABILITIES:
            found = as_scores(library.CatBoost.predict(model, pool, prediction_type="Probability"))
            return found[:, 1:] if found.shape[1] == 2 and output.get("width") == 1 else found
        kind = "Exponent" if loss in ("Poisson", "Tweedie") else "RawFormulaVal"
        return library.CatBoost.predict(model, pool, prediction_type=kind)

    return Plan("trees", {"file": "model.json", "format": "catboost"}, {"model.json": data}, [output], score, f"CatBoost's own file of {loss}", source("catboost", "JSON"))


def _catboost_categories(sample: Sample, at: int, hashes: int) -> None:
    """The file has only hashes of categories, as strings: their names must be the sample's."""
    column = sample.columns[at]
    given = sample.given(at)
    if column.values is not None:
        known = list(column.values)
    else:
        known = sorted({v for v in given if v == v})
    if column.values is None or any(isinstance(v, float) for v in known):
        if any(float(v) != int(v) for v in known):
            raise ExportError(f"column {column.name!r} is a category of CatBoost and holds numbers that are not whole; expected whole numbers or strings")
        known = [int(v) for v in known]
    if column.missing:
        raise NotThisWayError(f"the category {column.name!r} is missing in some rows")
    if len(known) < hashes:
        raise ExportError(
            f"column {column.name!r} has {len(known)} categories in the sample, and the model knows {hashes}; its file has no names of them: "
            "give a sample that holds all, or a column of pandas' type category that names all"
        )
    sample.use_categories(at, known, unknown="own")
    if column.dtype in ("float64", "int64", "bool"):
        column.dtype = "object"


def sklearn(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    if type(model).__name__ not in KINDS:
        raise NotThisWayError("")
    names = [c.name for c in sample.columns] if sample.named else None
    try:
        data = forest_bytes(model, names=names)
    except UnsupportedForest as no:
        raise NotThisWayError(str(no)) from no
    (n,) = np.frombuffer(data[:8], "<u8")
    about = json.loads(json.loads(data[8 : 8 + int(n)])["__metadata__"]["penstock.forest"])
    for i, column in enumerate(about.get("columns", ())):
        sample.columns[i].missing = bool(column.get("missing", False))
        if column.get("categories"):
            ours = sample.columns[i]
            known = column["categories"]
            if ours.values is None:
                known = [float(v) for v in known]
            else:
                by_name = {str(v): v for v in ours.values}
                known = [by_name.get(v, v) for v in known]
            sample.use_categories(i, known, column["categories"], unknown=column.get("unknown"))
    if about.get("missing"):
        _allow_missing(sample)
    outputs = about["outputs"]
    if classes is not None:
        outputs[0]["classes"] = names_of(classes, len(outputs[0].get("classes", ())))

    def score(rows: Sample) -> Any:
        given = arrange(rows)
        if type(model).__name__ == "IsolationForest":
            return -model.score_samples(given)
        if not hasattr(model, "predict_proba"):
            return model.predict(given)
        found = model.predict_proba(given)
        parts = found if isinstance(found, list) else [found]
        return np.concatenate([p[:, 1:] if o["width"] == 1 else p for p, o in zip(parts, outputs, strict=True)], axis=1)

    kind = type(model).__name__
    return Plan("trees", {"file": "model.forest", "format": "forest"}, {"model.forest": data}, outputs, score, f"the trees of {kind}", source("scikit-learn", "penstock.forest"))
