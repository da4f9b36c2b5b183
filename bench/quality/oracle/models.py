"""The models that are served, and rows whose true answers are known: one of each kind of output."""

from __future__ import annotations

import gzip
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import penstock
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier

ROOT = Path(__file__).resolve().parents[3]
SLICED = "shuttle:V1"
"""The column whose values are told apart: its rows are whole numbers, its bins those of the bundle's reference."""


@dataclass
class Model:
    """A bundle, and rows for it. Rows are JSON, as they are sent."""

    name: str
    kind: str
    bundle: Path
    rows: list[str]
    truths: list[Any]
    classes: list[str] = field(default_factory=list)
    column: NDArray[np.float64] | None = None
    """The value of the sliced column in each row."""
    later: Path | None = None
    """The bundle of version 2, which is served from the middle on."""


def wrong_now_and_then(r: np.random.Generator, truths: list[str], classes: list[str], share: float) -> list[str]:
    """Some labels are of any class: so the model is surer than it should be."""
    return [str(r.choice(classes)) if r.random() < share else truth for truth in truths]


def digits(r: np.random.Generator, most: int) -> Model:
    packed = gzip.decompress((ROOT / "weights/digits/heldout.bin.gz").read_bytes())
    rows, features = struct.unpack("<II", packed[:8])
    labels = np.frombuffer(packed, np.uint8, rows, 8)
    pixels = np.frombuffer(packed, np.uint8, rows * features, 8 + rows).reshape(rows, features)
    classes = [str(i) for i in range(10)]
    said, truths = [], []
    for _ in range(-(-most // rows)):
        noisy = np.round(np.clip(pixels / 255 + r.normal(0, 0.35, pixels.shape), 0, 1), 2)
        said += [json.dumps(row.tolist()) for row in noisy[: most - len(said)]]
        truths += [str(label) for label in labels]
    truths = wrong_now_and_then(r, truths[:most], classes, 0.03)
    return Model("digits", "class", ROOT / "weights/digits", said, truths, classes)


def shuttle(r: np.random.Generator) -> Model:
    bundle = ROOT / "weights/shuttle"
    classes = json.loads((bundle / "manifest.json").read_text())["outputs"][0]["classes"]
    lines = [line.split(",") for line in (bundle / "heldout.csv").read_text().splitlines()[1:]]
    rows = [[float(cell) if cell else None for cell in line[:-1]] for line in lines]
    for i in r.choice(len(rows), len(rows) // 10, replace=False):
        rows[i][int(r.integers(9))] = None
    truths = wrong_now_and_then(r, [line[-1] for line in lines], classes, 0.05)
    column = np.array([np.nan if row[0] is None else row[0] for row in rows])
    return Model("shuttle", "class", bundle, [json.dumps(row) for row in rows], truths, classes, column)


def texts(x: NDArray[np.float64]) -> list[str]:
    return [json.dumps(row) for row in x.tolist()]


def tickets(r: np.random.Generator, folder: Path) -> Model:
    """Two classes, of a model that is much too sure; version 2 is another one."""

    def export(version: str, sharper: float) -> Path:
        x = r.normal(size=(800, 4))
        y = np.where(x @ [1, -1, 0.5, 0] + r.normal(size=800) > 0, "yes", "no")
        model = LogisticRegression().fit(x, y)
        model.coef_ *= sharper
        bundle = folder / f"tickets-{version}"
        penstock.export(model, bundle, sample=x, name="tickets", version=version)
        return bundle

    x = np.round(r.normal(size=(4000, 4)), 3)
    truths = np.where(x @ [1, -1, 0.5, 0] + r.normal(size=len(x)) > 0, "yes", "no").tolist()
    return Model("tickets", "class", export("1", 3), texts(x), truths, ["no", "yes"], later=export("2", 1.5))


def values(r: np.random.Generator, folder: Path, name: str, weights: list[list[float]], mean: float) -> Model:
    """A regression, of one value or several."""

    def draw(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x = np.round(r.normal(size=(n, 4)), 3)
        y = mean + x @ np.array(weights)
        return x, y + r.standard_t(4, y.shape)

    x, y = draw(600)
    bundle = folder / name
    penstock.export(Ridge().fit(x, y[:, 0] if y.shape[1] == 1 else y), bundle, sample=x, name=name)
    x, y = draw(3000)
    return Model(name, "values", bundle, texts(x), y[:, 0].tolist() if y.shape[1] == 1 else y.tolist())


def topics(r: np.random.Generator, folder: Path) -> Model:
    """Several labels at once."""
    classes = ["art", "law", "sport", "weather"]

    def draw(n: int) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
        x = np.round(r.normal(size=(n, 4)), 3)
        return x, (x + r.normal(size=x.shape) > 0.3).astype(int)

    x, y = draw(800)
    bundle = folder / "topics"
    penstock.export(MLPClassifier((8,), max_iter=80, random_state=1).fit(x, y), bundle, sample=x, name="topics", classes=classes)
    x, y = draw(3000)
    return Model("topics", "labels", bundle, texts(x), [[c for c, is_ in zip(classes, row) if is_] for row in y], classes)


def everything(r: np.random.Generator, folder: Path, images: int) -> list[Model]:
    return [
        digits(r, images),
        shuttle(r),
        tickets(r, folder),
        values(r, folder, "price", [[1], [2], [-3], [0.5]], 1000),
        values(r, folder, "weather", [[1, 0], [0, 2], [-1, 1], [0.5, 0]], 10),
        topics(r, folder),
    ]
