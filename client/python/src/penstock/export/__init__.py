"""Models of other libraries, made ready to be served: :func:`export` writes a bundle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._choose import choose
from ._errors import ExportError
from ._sample import read_sample
from ._write import check_folder, checked_name, write

__all__ = ["ExportError", "Exported", "export"]

ENGINES = ("trees", "dense", "onnx", "python")


@dataclass(frozen=True)
class Exported:
    """A bundle that was written: ``penstock --model FOLDER`` serves it."""

    folder: Path
    engine: str
    """What runs it: ``trees``, ``dense``, ``onnx`` or ``python``."""
    why: str
    """Why this engine."""

    def __repr__(self) -> str:
        return f"<bundle {self.folder}, engine {self.engine}: {self.why}>"


def export(
    model: Any,
    folder: str | os.PathLike[str],
    *,
    sample: Any = None,
    labels: Any = None,
    name: str | None = None,
    version: str | None = None,
    engine: str | None = None,
    classes: Sequence[Any] | None = None,
    overwrite: bool = False,
) -> Exported:
    """Writes a bundle, a folder that the server reads, of a trained model.

    ``sample`` holds rows that the model was trained on, as it was given them: a data
    frame, whose columns and categories become the bundle's, or an array. Up to 64 of
    them become golden rows, which the server must score as the library does before
    it serves the model, and up to 1,000 a reference of what rows usually hold.
    ``labels``, one for each row, stand beside the reference.

    ``classes`` names the classes of a model that has only numbers for them, in their
    order. ``engine`` is one of ``trees``, ``dense``, ``onnx`` and ``python``; without,
    the fastest that gives what the library gives is taken.

    Raises ExportError where the model cannot be made ready as it is.
    """
    if engine is not None and engine not in ENGINES:
        raise ExportError(f"engine is {engine!r}; expected one of {', '.join(ENGINES)}, or none to have it chosen")
    target = Path(folder)
    check_folder(target, overwrite)
    title = checked_name(name, target.resolve().name, "name")
    number = checked_name(version, "1", "version")
    plan, rows = choose(model, read_sample(sample), engine, None if classes is None else list(classes))
    write(target, plan, rows, labels, title, number)
    return Exported(target, plan.engine, plan.why)
