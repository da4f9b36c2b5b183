"""What the file of a forest says, and which estimators have none.

That the server gives what scikit-learn gives is a test of weights/forest."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeRegressor

from penstock._forest import UnsupportedForest, forest_bytes, write_forest

X = np.random.default_rng(1).normal(size=(200, 3))
TWO = np.where(X[:, 0] > 0, "yes", "no")


def header(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    (n,) = struct.unpack("<Q", data[:8])
    arrays = json.loads(data[8 : 8 + n])
    about = json.loads(arrays.pop("__metadata__")["penstock.forest"])
    assert sum(a["data_offsets"][1] - a["data_offsets"][0] for a in arrays.values()) == len(data) - 8 - n
    return about, arrays


def test_a_classifier_of_two_classes_has_one_score() -> None:
    estimator = RandomForestClassifier(5, random_state=1).fit(X, TWO)
    about, arrays = header(forest_bytes(estimator, names=["a", "b", "c"], categories=[None, ["red", "blue"], None]))
    assert about["outputs"] == [{"name": "prediction", "kind": "class", "width": 1, "classes": ["no", "yes"]}]
    assert about["divide"] == 5
    assert about["columns"][1] == {"name": "b", "missing": True, "kind": "category", "categories": ["red", "blue"], "unknown": "missing"}
    assert arrays["leaf.value"]["shape"] == [sum(e.get_n_leaves() for e in estimator.estimators_)]


def test_columns_of_a_data_frame_are_named() -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(town=pd.Categorical(np.where(X[:, 1] > 0, "Rome", "Oslo")))
    about, _ = header(forest_bytes(HistGradientBoostingClassifier(categorical_features="from_dtype").fit(frame, TWO)))
    assert [c["name"] for c in about["columns"]] == ["a", "b", "c", "town"]
    assert about["columns"][3]["categories"] == ["Oslo", "Rome"]


def test_the_file_is_what_the_bytes_are(tmp_path: Path) -> None:
    estimator = IsolationForest(n_estimators=3, random_state=1).fit(X)
    write_forest(tmp_path / "model.forest", estimator)
    assert (tmp_path / "model.forest").read_bytes() == forest_bytes(estimator)


@pytest.mark.parametrize(
    ("estimator", "says"),
    [
        (LogisticRegression(), "LogisticRegression is no forest"),
        (RandomForestRegressor(), "call fit first"),
        (RandomForestClassifier(2).fit(X, np.zeros(200)), "one class only"),
        (GradientBoostingRegressor(n_estimators=2, init=DecisionTreeRegressor()).fit(X, X[:, 0]), "leave out init"),
        (IsolationForest(n_estimators=2, max_samples=1).fit(X), "one row each"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_cannot_be_written_is_said(estimator: Any, says: str) -> None:
    with pytest.raises(UnsupportedForest, match=says):
        forest_bytes(estimator)


def test_names_and_categories_are_of_all_columns() -> None:
    estimator = RandomForestRegressor(2).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="2 names; the RandomForestRegressor has 3 features"):
        forest_bytes(estimator, names=["a", "b"])
    with pytest.raises(ValueError, match="categories of 1 columns"):
        forest_bytes(estimator, categories=[None])
