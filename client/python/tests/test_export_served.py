"""Exported models, served: what the server says is what the library says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

import penstock
from conftest import served

RANDOM = np.random.default_rng(1)
ROWS = 200
X = RANDOM.normal(size=(ROWS, 4)).astype(np.float32).astype(np.float64)
GAPS = X.copy()
GAPS[::7, 1] = np.nan
FRAME = pd.DataFrame({"size": GAPS[:, 1], "rooms": RANDOM.integers(1, 6, ROWS), "colour": pd.Categorical(RANDOM.choice(["red", "green", "blue"], ROWS))})
TEXTS = pd.DataFrame({"size": X[:, 0], "rooms": FRAME["rooms"], "colour": RANDOM.choice(["red", "green", "blue"], ROWS)})
HOLES = TEXTS.assign(colour=TEXTS["colour"].where(np.arange(ROWS) % 11 > 0, None), size=GAPS[:, 1])
TWO = np.where(X[:, 0] + X[:, 2] > 0, "yes", "no")
THREE = np.digitize(X[:, 0], [-0.5, 0.5])
NUMBER = 2 * X[:, 0] + X[:, 1] ** 2
NUMBERS = np.c_[NUMBER, -X[:, 2]]
QUIET: dict[str, Any] = {"verbose": 0, "iterations": 10, "allow_writing_files": False}


def doubled(rows: Any) -> Any:
    return rows[:, 0] * 2


def columns(*scaled: str) -> ColumnTransformer:
    encoded = [c for c in ("rooms", "colour") if c not in scaled]
    return ColumnTransformer([("numbers", StandardScaler(), list(scaled)), ("categories", OneHotEncoder(handle_unknown="ignore"), encoded)])


def filled() -> ColumnTransformer:
    most = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    return ColumnTransformer([("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["size", "rooms"]), ("categories", most, ["colour"])])


@dataclass
class Case:
    model: Any
    sample: Any
    engine: str
    scores: Callable[[Any], Any]
    options: dict[str, Any]


def case(model: Any, sample: Any, takes: str, method: str = "predict", **options: Any) -> Case:
    return Case(model, sample, takes, getattr(model, method), options)


def cases() -> dict[str, Case]:
    booster = xgboost.train({"objective": "multi:softprob", "num_class": 3}, xgboost.DMatrix(GAPS, THREE), 5)
    return {
        "xgb-classes": case(xgboost.XGBClassifier(n_estimators=5).fit(GAPS, THREE), GAPS, "trees", "predict_proba", classes=["a", "b", "c"]),
        "xgb-booster": Case(booster, GAPS, "trees", lambda rows: booster.predict(xgboost.DMatrix(rows)), {}),
        "xgb-numbers": case(xgboost.XGBRegressor(n_estimators=5).fit(X, NUMBERS), X, "trees"),
        "xgb-stopped": case(
            xgboost.XGBRegressor(n_estimators=300, early_stopping_rounds=2, learning_rate=0.9).fit(X[:100], NUMBER[:100], eval_set=[(X[100:], NUMBER[100:])], verbose=False), X, "trees"
        ),
        "xgb-missing": case(xgboost.XGBRegressor(n_estimators=5, missing=-1.0).fit(X, NUMBER), X, "python"),
        "xgb-categories": case(xgboost.XGBClassifier(n_estimators=5, enable_categorical=True).fit(FRAME, TWO == "yes"), FRAME, "trees", "predict_proba"),
        "lightgbm": case(lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(FRAME, TWO), FRAME, "trees", "predict_proba"),
        "lightgbm-linear": case(lightgbm.LGBMRegressor(n_estimators=5, verbose=-1, linear_tree=True).fit(X, NUMBER), X, "python"),
        "catboost": case(catboost.CatBoostClassifier(**QUIET).fit(GAPS, np.array(["a", "b", "c"])[THREE]), GAPS, "trees", "predict_proba"),
        "catboost-categories": case(catboost.CatBoostClassifier(one_hot_max_size=9, cat_features=["colour", "rooms"], **QUIET).fit(TEXTS, TWO), TEXTS, "trees", "predict_proba"),
        "catboost-statistics": case(catboost.CatBoostRegressor(one_hot_max_size=1, cat_features=["colour", "rooms"], **QUIET).fit(TEXTS, NUMBER), TEXTS, "python"),
        "forest": case(RandomForestClassifier(5, random_state=1).fit(GAPS, TWO), GAPS, "trees", "predict_proba"),
        "boosting": case(HistGradientBoostingClassifier(max_iter=5, categorical_features="from_dtype").fit(FRAME, TWO), FRAME, "trees", "predict_proba"),
        "isolation": Case((isolation := IsolationForest(n_estimators=10, random_state=1).fit(X)), X, "trees", lambda rows: -isolation.score_samples(rows), {}),
        "logistic": case(LogisticRegression().fit(X, TWO), X, "dense", "predict_proba"),
        "ridge": case(Ridge().fit(X, NUMBERS), X, "dense"),
        "perceptron": case(make_pipeline(SimpleImputer(), StandardScaler(), MLPClassifier((8,), max_iter=400, random_state=1)).fit(GAPS, THREE), GAPS, "dense", "predict_proba"),
        "columns": case(make_pipeline(columns("size", "rooms"), GradientBoostingRegressor(n_estimators=5)).fit(TEXTS, NUMBER), TEXTS, "onnx"),
        "columns-classes": case(make_pipeline(columns("size"), LogisticRegression()).fit(TEXTS, TWO), TEXTS, "onnx", "predict_proba"),
        "holes": case(make_pipeline(filled(), RandomForestClassifier(5, random_state=1)).fit(HOLES, TWO), HOLES, "python", "predict_proba"),
        "neighbours": case(KNeighborsRegressor().fit(X, NUMBER), X, "python", engine="python"),
        "clusters": Case((clusters := KMeans(3, random_state=1).fit(X)), X, "python", lambda rows: np.eye(3)[clusters.predict(rows)], {}),
        "certain": Case((certain := LinearSVC().fit(X, THREE)), X, "python", lambda rows: np.eye(3)[certain.predict(rows)], {}),
        "components": case(PCA(2).fit(X), X, "python", "transform"),
        "function": Case(doubled, X, "python", doubled, {}),
    }


CASES = cases()


@pytest.fixture(scope="module")
def client(penstock_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[penstock.Client]:
    folder = tmp_path_factory.mktemp("bundles")
    exported = {name: penstock.export(c.model, folder / name, sample=c.sample, **c.options) for name, c in CASES.items()}
    assert {name: e.engine for name, e in exported.items()} == {name: c.engine for name, c in CASES.items()}
    with served(penstock_binary, [e.folder for e in exported.values()]) as url, penstock.Client(url) as client:
        yield client


@pytest.mark.parametrize("name", CASES)
def test_the_server_says_what_the_library_says(client: penstock.Client, name: str) -> None:
    own = CASES[name]
    rows: Any = own.sample
    if not isinstance(rows, np.ndarray):
        rows = rows.astype({"size": np.float32}).astype({"size": np.float64})
    theirs = np.asarray(own.scores(rows), np.float64).reshape(len(rows), -1)
    sent = rows.astype({"rooms": str}) if name == "catboost-categories" else rows  # categories are sent by their names
    ours = client.predict_many(sent, model=name, scores=True)
    assert ours.scores is not None
    if theirs.shape[1] == 2 and ours.scores.shape[1] == 1:
        theirs = theirs[:, 1:]
    np.testing.assert_allclose(ours.scores, theirs, atol=1e-5 * max(1.0, float(np.abs(theirs).max())), rtol=0)


def test_a_category_that_was_never_seen_is_answered(client: penstock.Client) -> None:
    row = {"size": 0.5, "rooms": 2, "colour": "violet"}
    for name in ("columns", "holes"):
        own = CASES[name]
        assert client.predict(row, model=name, scores=True).scores is not None, own


def test_a_folder_is_served_as_it_was_written(penstock_binary: str, tmp_path: Path) -> None:
    bundle = penstock.export(Ridge().fit(X, NUMBER), tmp_path / "ridge", sample=X, labels=NUMBER, name="price", version="7")
    with served(penstock_binary, [bundle.folder]) as url, penstock.Client(url) as client:
        answer = client.predict(X[0])
        assert (answer.model, answer.version) == ("price", "7")
