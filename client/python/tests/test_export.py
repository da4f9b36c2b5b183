"""Each library's model, exported, checked by the server, and asked over the socket: the scores are the library's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock
from penstock.export import ExportError, Exported

random = np.random.default_rng(5)
N = 240
FRAME = pd.DataFrame(
    {
        "age": random.normal(40, 12, N).astype("float32"),
        "income": random.normal(3, 1, N).astype("float32").astype("float64"),  # the server reads float32
        "city": pd.Categorical(random.choice(["Lyon", "Paris", "Rome"], N)),
        "visits": random.integers(0, 9, N),
    }
)
HOLES = FRAME.copy()
HOLES.loc[::7, "age"] = np.nan
NUMBERS = FRAME[["age", "income", "visits"]].astype("float32")
ARRAY = NUMBERS.to_numpy()
YES = np.where((FRAME.income > 3) & (FRAME.city != "Rome"), "yes", "no")
THREE = np.where(FRAME.income > 4, "high", np.where(FRAME.income > 2.5, "mid", "low"))
AMOUNT = FRAME.income.to_numpy() * 2 + FRAME.visits.to_numpy()


@pytest.fixture(scope="session")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("server") / "penstock"
    root = Path(__file__).parents[3]
    subprocess.run(["go", "build", "-o", path, "."], cwd=root, check=True)
    return path


@pytest.fixture
def serve(binary: Path) -> Iterator[Callable[..., str]]:
    running: list[subprocess.Popen[str]] = []

    def start(*folders: Path) -> str:
        models = [f"--model={folder}" for folder in folders]
        process = subprocess.Popen([binary, "--listen=127.0.0.1:0", "--admin-listen=", "--log-format=json", f"--python={sys.executable}", *models],
                                   stderr=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            entry = json.loads(line) if line.startswith("{") else {}
            if entry.get("msg") == "ready":
                return str(entry["url"]).replace("http", "ws", 1)
        raise AssertionError("".join(lines))

    yield start
    for process in running:
        process.terminate()
        process.communicate(timeout=30)


def models() -> dict[str, tuple[Callable[[], Any], Any, str, Callable[[Any, Any], Any]]]:
    """By name: a fitted model, its sample, the engine that is expected, and its scores."""
    from catboost import CatBoostClassifier, CatBoostRegressor
    from lightgbm import LGBMClassifier, LGBMRegressor
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from xgboost import XGBClassifier, XGBRegressor

    second = lambda m, rows: m.predict_proba(rows)[:, 1:]  # noqa: E731
    every = lambda m, rows: m.predict_proba(rows)  # noqa: E731
    value = lambda m, rows: np.asarray(m.predict(rows)).reshape(len(rows), -1)  # noqa: E731
    code = pd.Categorical(YES).codes

    def columns(final: Any) -> Any:
        return make_pipeline(
            ColumnTransformer([("n", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "income", "visits"]),
                               ("c", OneHotEncoder(handle_unknown="ignore"), ["city"])]), final)

    return {
        "xgboost-frame": (lambda: XGBClassifier(n_estimators=20, max_depth=3, enable_categorical=True).fit(HOLES, code), HOLES, "trees", second),
        "xgboost-array": (lambda: XGBRegressor(n_estimators=20, max_depth=3).fit(ARRAY, AMOUNT), ARRAY, "trees", value),
        "lightgbm-frame": (lambda: LGBMClassifier(n_estimators=20, verbose=-1, min_child_samples=5).fit(HOLES, THREE), HOLES, "trees", every),
        "lightgbm-array": (lambda: LGBMRegressor(n_estimators=20, verbose=-1).fit(ARRAY, AMOUNT), ARRAY, "trees", value),
        "catboost-numbers": (lambda: CatBoostClassifier(iterations=20, verbose=False, allow_writing_files=False).fit(NUMBERS, YES), NUMBERS, "trees", second),
        "catboost-array": (lambda: CatBoostRegressor(iterations=20, verbose=False, allow_writing_files=False).fit(ARRAY, AMOUNT), ARRAY, "trees", value),
        "forest": (lambda: RandomForestClassifier(15, random_state=1).fit(NUMBERS, THREE), NUMBERS, "trees", every),
        "boosting": (lambda: GradientBoostingRegressor(n_estimators=15).fit(ARRAY, AMOUNT), ARRAY, "trees", value),
        "hist": (lambda: HistGradientBoostingClassifier(max_iter=15, categorical_features="from_dtype").fit(HOLES, YES), HOLES, "trees", second),
        "isolation": (lambda: IsolationForest(n_estimators=15, random_state=1).fit(NUMBERS), NUMBERS, "trees", lambda m, rows: -m.score_samples(rows).reshape(-1, 1)),
        "mlp": (lambda: make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=40, random_state=1)).fit(NUMBERS, THREE), NUMBERS, "dense", every),
        "mlp-array": (lambda: MLPRegressor(hidden_layer_sizes=(8,), max_iter=40, random_state=1).fit(ARRAY, AMOUNT), ARRAY, "dense", value),
        "logistic": (lambda: make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(HOLES[NUMBERS.columns], YES), HOLES[NUMBERS.columns],
                     "dense", second),
        "ridge": (lambda: Ridge().fit(ARRAY, AMOUNT), ARRAY, "dense", value),
        "columns-logistic": (lambda: columns(LogisticRegression()).fit(HOLES, YES), HOLES, "onnx", every),
        "columns-forest": (lambda: columns(RandomForestClassifier(10, random_state=1)).fit(HOLES, THREE), HOLES, "onnx", every),
        "columns-xgboost": (lambda: columns(XGBClassifier(n_estimators=10)).fit(HOLES, code), HOLES, "python", every),
        "neighbours": (lambda: columns(KNeighborsClassifier()).fit(FRAME, YES), FRAME, "", every),
        "function": (doubling, ARRAY, "python", lambda m, rows: m(rows).reshape(-1, 1)),
    }


def doubling() -> Callable[[Any], Any]:
    """A model that is a function, of no module that the server could import."""

    def double(rows: Any) -> Any:
        return np.asarray(rows).sum(axis=1) * 2

    return double


@pytest.mark.filterwarnings("ignore")
def test_export(tmp_path: Path, binary: Path, serve: Callable[..., str]) -> None:
    made: dict[str, tuple[Any, Any, Exported, Callable[[Any, Any], Any]]] = {}
    for name, (fit, sample, engine, scores) in models().items():
        model = fit()
        exported = penstock.export(model, tmp_path / name, sample=sample, labels=YES)
        assert engine in ("", exported.engine), f"{name}: {exported}"
        made[name] = (model, sample, exported, scores)
    checked = subprocess.run([binary, "check", f"--python={sys.executable}", *(str(e.folder) for _, _, e, _ in made.values())], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr + checked.stdout
    url = serve(*(e.folder for _, _, e, _ in made.values()))
    with penstock.Client(url) as client:
        for name, (model, sample, _, scores) in made.items():
            rows = sample.iloc[:50] if isinstance(sample, pd.DataFrame) else sample[:50]
            told = client.predict_many(rows, model=name, scores=True)
            want = scores(model, rows)
            got = np.asarray(told.scores, np.float64).reshape(len(want), -1)
            assert got.shape == want.shape, name
            np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6, err_msg=name)


def test_refuses(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression, Ridge
    from xgboost import XGBClassifier

    ridge = Ridge().fit(ARRAY, AMOUNT)
    for model, more, says in (
        (ridge, {"sample": None}, "sample is missing"),
        (ridge, {"sample": ARRAY[:0]}, "has no rows"),
        (ridge, {"sample": ARRAY[0]}, "expected rows"),
        (ridge, {"sample": ARRAY[:, :2]}, "the model has 3 features"),
        (ridge, {"sample": np.where(ARRAY > 0, ARRAY, np.nan)}, "no imputer"),
        (ridge, {"sample": ARRAY, "labels": [1]}, "labels has 1 entries; sample has 240 rows"),
        (ridge, {"sample": ARRAY, "engine": "fast"}, "expected one of trees, dense, onnx, python"),
        (ridge, {"sample": ARRAY, "engine": "trees"}, "cannot run this Ridge"),
        (ridge, {"sample": ARRAY, "name": "no name"}, "expected 1 to 64 letters"),
        (Ridge(), {"sample": ARRAY}, "is not fitted"),
        (LogisticRegression().fit(ARRAY, YES), {"sample": ARRAY, "classes": ["a"]}, "tells 2 classes apart"),
        (XGBClassifier(n_estimators=2).fit(ARRAY, YES == "yes"), {"sample": ARRAY, "classes": ["a", "b", "c"]}, "tells 2 classes apart"),
        (object(), {"sample": ARRAY}, "has no predict"),
        (ridge, {"sample": pd.DataFrame(ARRAY, columns=["a", "a", "b"])}, "several columns of one name"),
        (ridge, {"sample": [["x", "y", "z"]]}, "no numbers"),
    ):
        with pytest.raises(ExportError, match=says):
            penstock.export(model, tmp_path / "refused", **more)  # type: ignore[arg-type]
        assert not (tmp_path / "refused").exists(), says
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="is not empty"):
        penstock.export(ridge, tmp_path / "mine", sample=ARRAY)
    with pytest.raises(ExportError, match="something else than a bundle"):
        penstock.export(ridge, tmp_path / "mine", sample=ARRAY, overwrite=True)
    penstock.export(ridge, tmp_path / "again", sample=ARRAY)
    with pytest.raises(ExportError, match="or overwrite=True"):
        penstock.export(ridge, tmp_path / "again", sample=ARRAY)
    assert str(penstock.export(ridge, tmp_path / "again", sample=ARRAY, overwrite=True)).startswith(str(tmp_path / "again"))


def test_program(tmp_path: Path, binary: Path) -> None:
    (tmp_path / "model.py").write_text("def load(folder): return 3\ndef predict(model, rows): return rows.sum(axis=1) * model\n")
    penstock.export(tmp_path / "model.py", tmp_path / "bundle", sample=ARRAY)
    subprocess.run([binary, "check", f"--python={sys.executable}", tmp_path / "bundle"], check=True, capture_output=True)
