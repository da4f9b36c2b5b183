"""What cannot be exported is said in words, and leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge

import penstock
from penstock.export import ExportError

X = np.random.default_rng(1).normal(size=(60, 3))
TWO = (X[:, 0] > 0).astype(int)
GAPS = np.where(np.arange(180).reshape(60, 3) % 9 == 0, np.nan, X)
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
TEXTS = FRAME.assign(c=["red", "blue", "green"] * 20)
BOOSTER = xgboost.XGBClassifier(n_estimators=2).fit(X, TWO)
LOGISTIC = LogisticRegression().fit(X, TWO)
CATEGORIES = catboost.CatBoostClassifier(one_hot_max_size=9, cat_features=["c"], verbose=0, iterations=5, allow_writing_files=False).fit(TEXTS, TEXTS["c"] == "red")


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        (LOGISTIC, {"sample": None}, "sample is missing"),
        (LOGISTIC, {"sample": X[:, :2]}, "sample has 2 columns; the LogisticRegression was trained on 3"),
        (BOOSTER, {"sample": X[:, :2]}, "2 columns"),
        (LOGISTIC, {"sample": X[0]}, "shape"),
        (LOGISTIC, {"sample": GAPS}, "the model fails on the sample: ValueError: Input X contains NaN"),
        (LogisticRegression(), {"sample": X}, "not fitted; call fit first"),
        (RandomForestClassifier(), {"sample": X}, "not fitted; call fit first"),
        (LOGISTIC, {"sample": xgboost.DMatrix(X)}, "sample is a DMatrix"),
        (Ridge().fit(FRAME, TWO), {"sample": FRAME[["b", "a", "c"]]}, r"sample has the columns \['b', 'a', 'c'\]"),
        (LOGISTIC, {"sample": pd.DataFrame(X, columns=["a", "b", "b"])}, "two columns 'b'"),
        (LOGISTIC, {"sample": TEXTS}, "the model fails on the sample"),
        (LOGISTIC, {"sample": FRAME.assign(c=pd.Timestamp("2024-01-01"))}, "column 'c' is of the type datetime"),
        (BOOSTER, {"sample": X, "classes": ["a", "b", "c"]}, "classes has 3 names; the model tells 2 apart"),
        (BOOSTER, {"sample": X, "labels": TWO[:5]}, "labels has 5 entries; sample has 60 rows"),
        (BOOSTER, {"sample": X, "labels": TWO + 5}, "labels has 6|labels has 5"),
        (BOOSTER, {"sample": X, "name": "a b"}, "name is 'a b'"),
        (BOOSTER, {"sample": X, "engine": "gpu"}, "engine is 'gpu'"),
        (BOOSTER, {"sample": X, "engine": "dense"}, "can be served by trees or python"),
        (CATEGORIES, {"sample": TEXTS[TEXTS["c"] != "green"]}, "give a sample that holds all"),
        ({"weights": 1}, {"sample": X}, "model is a dict"),
        ("model.ubj", {"sample": X}, "penstock --model FILE"),
        ("missing.py", {"sample": X}, "is no file"),
        (lambda rows: rows[:, 0] * np.nan, {"sample": X}, "expected finite numbers"),
        (lambda rows: rows[:3], {"sample": X}, "the model gives an array of shape"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, model: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ExportError, match=says):
        penstock.export(model, tmp_path / "bundle", **options)
    assert list(tmp_path.iterdir()) == []


def test_only_bundles_are_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    penstock.export(BOOSTER, folder, sample=X, labels=TWO, classes=["no", "yes"])
    with pytest.raises(ExportError, match="not empty"):
        penstock.export(BOOSTER, folder, sample=X)
    penstock.export(LOGISTIC, folder, sample=X, overwrite=True)
    assert sorted(p.name for p in folder.iterdir()) == ["golden.json", "manifest.json", "model.safetensors", "reference.json"]
    (folder / "manifest.json").unlink()
    with pytest.raises(ExportError, match="something else than a bundle"):
        penstock.export(LOGISTIC, folder, sample=X, overwrite=True)


def test_rows_and_labels_stand_as_clients_send_them(tmp_path: Path) -> None:
    made = penstock.export(BOOSTER, tmp_path / "bundle", sample=GAPS, labels=TWO, classes=["no", "yes"])
    reference = json.loads((made.folder / "reference.json").read_text())
    assert set(reference["labels"]) == {"no", "yes"}
    assert reference["features"][0][0] is None
    assert reference["features"][1][1] == float(np.float32(GAPS[1, 1]))
    golden = json.loads((made.folder / "golden.json").read_text())
    assert len(golden["features"]) == 60
    assert "engine trees" in repr(made)
