"""The folder of a bundle: the model's files, golden rows, a reference and the manifest."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ._errors import ExportError
from ._plan import Plan, as_scores, width_of
from ._sample import Sample

GOLDEN, REFERENCE = 64, 1000
"""The most rows of each."""


def write(folder: Path, plan: Plan, sample: Sample, labels: Any, name: str, version: str) -> None:
    known = sample.known()
    if len(known) == 0:
        raise ExportError("sample has no row whose categories the model knows; give rows that the model was trained on")
    few = known.take(_spread(len(known), GOLDEN))
    width = sum(width_of(o) for o in plan.outputs)
    try:
        scores = as_scores(plan.score(few))
    except ExportError:
        raise
    except Exception as error:
        raise ExportError(f"the model fails on the sample: {type(error).__name__}: {error}") from error
    if scores.shape != (len(few), width):
        raise ExportError(f"the model gives an array of shape {scores.shape} for {len(few)} rows; expected {width} scores a row: check classes=")
    if not np.isfinite(scores).all():
        at = int(np.argwhere(~np.isfinite(scores))[0][0])
        raise ExportError(f"the model gives {scores[at].tolist()} for row {at} of the sample; expected finite numbers: put an imputer before it, or leave such rows out")
    files = dict(plan.files)
    files["golden.json"] = _json({"features": few.cells(), "scores": scores.tolist()})
    files["reference.json"] = _json(_reference(sample, labels, plan))
    manifest: dict[str, Any] = {"name": name, "version": version, "features": sample.features, "outputs": plan.outputs}
    if sample.named or any(c.categories is not None for c in sample.columns):
        manifest["columns"] = [c.manifest() for c in sample.columns]
    given = dict(plan.input)
    if "columns" not in manifest and any(c.missing for c in sample.columns):
        given["missing"] = True
    if not any(c.missing for c in sample.columns):
        given.pop("fill", None)
    if given:
        manifest["input"] = given
    manifest["engines"] = {plan.engine: plan.entry}
    manifest.update(source=plan.source, golden="golden.json", reference="reference.json")
    manifest["sha256"] = {file: hashlib.sha256(data).hexdigest() for file, data in files.items()}
    _replace(folder, {**files, "manifest.json": (json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()})


def _replace(folder: Path, files: dict[str, bytes]) -> None:
    """Writes beside the folder first, so that no half of a bundle is left where one was."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for file, data in files.items():
            (new / file).parent.mkdir(parents=True, exist_ok=True)
            (new / file).write_bytes(data)
        new.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        new.rename(folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def check_folder(folder: Path, overwrite: bool) -> None:
    if folder.is_file():
        raise ExportError(f"{folder} is a file; expected a folder that is new or empty")
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not overwrite:
        raise ExportError(f"{folder} is not empty; name another folder, or say overwrite=True")
    if not (folder / "manifest.json").is_file():
        raise ExportError(f"{folder} holds something else than a bundle, which overwrite=True does not remove; name another folder")


def checked_name(given: str | None, otherwise: str, what: str) -> str:
    if given is None:
        given = re.sub(r"[^A-Za-z0-9._-]+", "-", otherwise).strip("-")[:64] or "model"
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", str(given)):
        raise ExportError(f"{what} is {given!r}; expected 1 to 64 letters, digits, dots, dashes, underscores")
    return str(given)


def _spread(n: int, most: int) -> Any:
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(int))


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, allow_nan=False).encode()


def _reference(sample: Sample, labels: Any, plan: Plan) -> dict[str, Any]:
    if labels is not None and len(labels) != len(sample):
        raise ExportError(f"labels has {len(labels)} entries; sample has {len(sample)} rows: give a label for each row, or none")
    good = np.ones(len(sample), bool)
    for i, column in enumerate(sample.columns):
        if column.categories is not None:
            good &= ~(sample.values[:, i] >= len(column.categories))
    rows = np.flatnonzero(good)
    rows = rows[_spread(len(rows), REFERENCE)]
    said: dict[str, Any] = {"features": sample.take(rows).cells()}
    if labels is not None:
        all_labels = labels.to_numpy() if hasattr(labels, "to_numpy") else np.asarray(labels)
        said["labels"] = [_label(all_labels[i], plan.outputs[0]) for i in rows]
    return said


def _label(label: Any, output: dict[str, Any]) -> Any:
    plain = label.tolist() if isinstance(label, (np.generic, np.ndarray)) else label
    names = output.get("classes")
    if output["kind"] == "class" and names and not isinstance(plain, list):
        text = str(int(plain)) if isinstance(plain, float) and plain.is_integer() else str(plain)
        if text in names:
            return text
        if isinstance(plain, (bool, int, float)) and 0 <= plain < len(names):
            return names[int(plain)]
        raise ExportError(f"labels has {plain!r}; expected one of the classes {names[:10]}")
    if isinstance(plain, float) and plain != plain:
        raise ExportError("labels has NaN; leave such rows out, or give no labels")
    return plain
