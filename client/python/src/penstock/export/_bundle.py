"""What a route makes of a model, and how that becomes a folder."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import ExportError
from ._table import Column, Table

Scores = npt.NDArray[np.float64]
GOLDEN, REFERENCE = 64, 1000  # rows at most


@dataclass
class Output:
    """What the scores mean: see the kinds of outputs in docs/models.md."""

    kind: str
    width: int
    classes: list[str] | None = None
    name: str = "prediction"

    def manifest(self) -> dict[str, Any]:
        told: dict[str, Any] = {"name": self.name, "kind": self.kind, "width": self.width}
        if self.classes is not None:
            told["classes"] = self.classes
        return told


@dataclass
class Plan:
    """A model as a bundle has it."""

    engine: str
    entry: dict[str, Any]
    files: dict[str, bytes]
    outputs: list[Output]
    scores: Callable[[Any], Any]  # of rows as the library takes them: what the server is to give
    why: str
    source: tuple[str, str, str]  # library, version, format
    missing: bool = False  # any value may be missing
    columns: list[Column] | None = None  # in place of the sample's
    input: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Exported:
    """What was written, and where."""

    folder: Path
    name: str
    engine: str
    why: str

    def __str__(self) -> str:
        return f"{self.folder}: {self.name}, engine {self.engine}: {self.why}. Serve it: penstock serve --model {self.folder}"


def write(plan: Plan, table: Table, folder: Path, name: str, version: str, labels: Any, overwrite: bool) -> Exported:
    """Writes the bundle; what cannot be written leaves nothing behind."""
    for what, value in (("name", name), ("version", version)):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
            raise ExportError(f"{what} is {value!r}; expected 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first")
    columns = plan.columns if plan.columns is not None else table.columns
    if labels is not None and len(labels) != table.rows:
        raise ExportError(f"labels has {len(labels)} entries; sample has {table.rows} rows")
    files = dict(plan.files)
    golden = table.take(GOLDEN)
    scores = _scores(plan, golden)
    files["golden.json"] = _json({"features": _features(table, golden), "scores": scores.tolist()})
    reference: dict[str, Any] = {"features": _features(table, table.take(REFERENCE))}
    if labels is not None:
        picked = np.unique(np.linspace(0, table.rows - 1, min(REFERENCE, table.rows)).astype(int))
        reference["labels"] = [_label(x) for x in np.asarray(labels)[picked]]
    files["reference.json"] = _json(reference)
    library, release, form = plan.source
    manifest: dict[str, Any] = {
        "name": name,
        "version": version,
        "features": table.features,
        "outputs": [output.manifest() for output in plan.outputs],
        "engines": {plan.engine: plan.entry},
        "golden": "golden.json",
        "reference": "reference.json",
        "source": {key: value for key, value in (("library", library), ("version", release), ("format", form)) if value},
        "sha256": {file: hashlib.sha256(data).hexdigest() for file, data in files.items()},
    }
    if columns is not None:
        manifest["columns"] = [column.manifest() for column in columns]
    given = dict(plan.input)
    if plan.missing or (columns is None and table.any_missing):
        given["missing"] = True
    if given:
        manifest["input"] = given
    files["manifest.json"] = _json(manifest)
    _write(folder, files, overwrite)
    return Exported(folder, name, plan.engine, plan.why)


def _features(table: Table, rows: Any) -> list[list[Any]]:
    return table.cells(rows)


def _scores(plan: Plan, rows: Any) -> Scores:
    scores = np.asarray(plan.scores(rows), np.float64)
    width = sum(output.width for output in plan.outputs)
    if scores.shape == (len(rows),) and width == 1:
        scores = scores.reshape(-1, 1)
    if scores.shape != (len(rows), width):
        raise ExportError(f"the model gives scores of shape {scores.shape} for {len(rows)} rows; expected ({len(rows)}, {width})")
    if not np.isfinite(scores).all():
        raise ExportError("the model gives scores that are not finite for rows of the sample, which the server would refuse")
    return scores


def _label(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_label(x) for x in value]
    return value.item() if isinstance(value, np.generic) else str(value) if not isinstance(value, str | int | float) else value


def _json(what: Any) -> bytes:
    return (json.dumps(what, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _write(folder: Path, files: dict[str, bytes], overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file; give a folder")
    if folder.exists() and any(folder.iterdir()):
        if not overwrite:
            raise ExportError(f"{folder} is not empty; give a folder that is or does not exist, or overwrite=True")
        if not (folder / "manifest.json").exists():
            raise ExportError(f"{folder} holds something else than a bundle, and is not overwritten")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
