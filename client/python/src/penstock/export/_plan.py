"""What an engine needs of a model, as the libraries' modules find it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import ExportError
from ._sample import Sample

Score = Callable[[Sample], Any]


@dataclass
class Plan:
    engine: str
    entry: dict[str, Any]
    files: dict[str, bytes]
    outputs: list[dict[str, Any]]
    score: Score
    """The library's own scores of rows, (rows, scores)."""
    why: str
    source: dict[str, str]
    input: dict[str, Any] = field(default_factory=dict)


class NotThisWayError(Exception):
    """The model cannot be served by this engine, in words; another may do."""


def source(library: str, form: str, package: str | None = None) -> dict[str, str]:
    said = {"library": library, "format": form}
    for name in [package] if package else [library]:
        try:
            said["version"] = version(name)
        except PackageNotFoundError:
            module = __import__(name.replace("-", "_")) if name.isidentifier() else None
            found = getattr(module, "__version__", None)
            if found:
                said["version"] = str(found)
    return said


def names_of(classes: Any, width: int | None = None) -> list[str]:
    """Names of classes, as Python's str writes them; numbers that are whole without a point."""
    names = []
    for c in np.asarray(classes).tolist() if not isinstance(classes, (list, tuple)) else classes:
        names.append(str(int(c)) if isinstance(c, float) and c.is_integer() else str(c))
    if width is not None and len(names) != width:
        raise ExportError(f"classes has {len(names)} names; the model tells {width} apart: name each once, in the model's order")
    if len(set(names)) != len(names):
        raise ExportError(f"two classes have the same name: {names[:10]}")
    return names


def one_class(names: list[str], name: str = "prediction") -> dict[str, Any]:
    """One of several classes; of two there is one score, the probability of the second."""
    said: dict[str, Any] = {"name": name, "kind": "class", "classes": names}
    if len(names) == 2:
        said["width"] = 1
    return said


def labels(names: list[str]) -> dict[str, Any]:
    return {"name": "prediction", "kind": "labels", "classes": names}


def values(width: int = 1, name: str = "prediction", kind: str = "values") -> dict[str, Any]:
    return {"name": name, "kind": kind, "width": width}


def width_of(output: dict[str, Any]) -> int:
    return int(output.get("width") or len(output.get("classes", ())) or 1)


def as_scores(scores: Any) -> npt.NDArray[np.float64]:
    array = np.asarray(scores, np.float64)
    return array.reshape(len(array), -1)


def arrange(sample: Sample) -> Any:
    """Rows as the library was given them: a data frame, or a matrix of float64 that are float32 numbers."""
    if not sample.named and all(c.values is None for c in sample.columns):
        return sample.values.reshape(len(sample), *sample.shape)
    from ._frame import build

    return build(sample.float32, described(sample), sample.named)  # type: ignore[no-untyped-call]


def described(sample: Sample) -> list[dict[str, Any]]:
    return [{"name": c.name, "dtype": c.dtype, "values": None if c.values is None else [_plain(v) for v in c.values]} for c in sample.columns]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
