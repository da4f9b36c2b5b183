"""What was exported, in columns, and joined with what clients were told."""

from __future__ import annotations

import csv
import datetime
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libraries import Flags, Floats
from models import Model
from traffic import Request, plain

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def nanoseconds(text: str) -> int:
    """RFC 3339 to the last digit, which Python's own times do not keep."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    whole = datetime.datetime.fromisoformat(seconds).replace(tzinfo=datetime.timezone.utc) - EPOCH
    return int(whole.total_seconds()) * 10**9 + int((fraction + "0" * 9)[:9])


def read_csv(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    for row in rows:
        row["predicted_at"], row["labelled_at"] = nanoseconds(row["predicted_at"]), nanoseconds(row["labelled_at"])
    return rows


def read_parquet(path: Path) -> list[dict[str, Any]] | None:
    """The same of a Parquet file, as texts; None where nothing is installed that reads it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return None
    table = pyarrow.parquet.read_table(path)
    for at, name in enumerate(table.column_names):
        if pyarrow.types.is_timestamp(table.schema.field(name).type):
            table = table.set_column(at, name, table[name].cast(pyarrow.int64()))
    return list(table.to_pylist())


def alike(text: str, value: Any) -> bool:
    """Whether a cell of CSV and one of Parquet are the same, to the last bit."""
    if value is None:
        return text == ""
    if isinstance(value, bool):
        return text == str(value).lower()
    return float(text) == value if isinstance(value, float) else str(text) == str(value)


@dataclass
class Exported:
    """One model's labelled rows, in the order in which their labels came."""

    model: Model
    cells: list[dict[str, Any]]
    requests: list[Request]
    """Of each row."""

    def __len__(self) -> int:
        return len(self.cells)

    def where(self, keep: NDArray[np.bool_]) -> Exported:
        chosen = np.flatnonzero(keep)
        return Exported(self.model, [self.cells[i] for i in chosen], [self.requests[i] for i in chosen])

    def column(self, name: str) -> NDArray[Any]:
        return np.array([cell[name] for cell in self.cells])

    def numbers(self, name: str) -> Floats:
        return np.array([float(cell[name]) for cell in self.cells])

    def flags(self, name: str) -> Flags:
        return self.column(name) == "true"

    def lists(self, name: str) -> Floats:
        """Of values and confidences: rows × width, also where the width is 1."""
        return np.array([np.atleast_1d(json.loads(cell[name])) for cell in self.cells], float)

    def indices(self, name: str) -> NDArray[np.int_]:
        place = {c: i for i, c in enumerate(self.model.classes)}
        return np.array([place[cell[name]] for cell in self.cells], int)

    def indicators(self, name: str) -> NDArray[np.int_]:
        """Of labels: rows × labels."""
        said = [set(json.loads(cell[name])) for cell in self.cells]
        return np.array([[c in names for c in self.model.classes] for names in said], int)

    def told(self, name: str) -> list[Any]:
        """What the reply said of each row."""
        return [getattr(q, name)[int(cell["row"])] for q, cell in zip(self.requests, self.cells)]

    def scores(self) -> Floats:
        """Of a class, the probabilities of the reply, one for each class."""
        return distributions(self.told("scores"))


def single(x: Any) -> Floats:
    """As float32, as which the server computes and keeps them."""
    return np.asarray(x, np.float32).astype(np.float64)


def distributions(scores: list[list[float]]) -> Floats:
    p = single(scores)
    return np.hstack([single(1 - p), p]) if p.shape[1] == 1 else p


def read_export(model: Model, path: Path, ledger: dict[tuple[str, str], Request]) -> Exported:
    cells = read_csv(path)
    return Exported(model, cells, [ledger[cell["caller"], plain(cell["request_id"])] for cell in cells])


def same(a: Any, b: Any) -> bool:
    """Whether labels, or predictions, are alike: numbers as JSON has them."""
    return bool(json.loads(json.dumps(a)) == json.loads(json.dumps(b)))


def check_ledger(exported: Exported, requests: list[Request]) -> list[str]:
    """What is wrong with what was kept: rows twice, rows that nobody labelled, rows that are lost, other answers."""
    wrong = []
    of = exported.model
    keys = [(q.caller, q.raw_id, int(cell["row"])) for q, cell in zip(exported.requests, exported.cells)]
    if len(set(keys)) != len(keys):
        wrong.append(f"{of.name}: {len(keys) - len(set(keys))} rows are there twice")
    there = set(keys)
    for q in requests:
        if q.model is of and q.acknowledged is not None:
            missing = [k for k in range(len(q.rows)) if (q.caller, q.raw_id, k) not in there]
            if missing:
                wrong.append(f"{of.name}: request {q.raw_id} of {q.caller}: rows {missing} are lost")
    for q, cell in zip(exported.requests, exported.cells):
        k = int(cell["row"])
        label, prediction = (cell[c] if of.kind == "class" else json.loads(cell[c]) for c in ("label", "prediction"))
        if q.acknowledged is None and not q.maybe or not same(label, q.sent[k]):
            wrong.append(f"{of.name}: request {q.raw_id} of {q.caller}, row {k}: label {label}, sent {q.sent}")
        told = q.predictions[k]
        if not (np.array_equal(single(prediction), single(told)) if of.kind == "values" else same(prediction, told)):
            wrong.append(f"{of.name}: request {q.raw_id} of {q.caller}, row {k}: prediction {prediction}, told {told}")
    return wrong
