"""The rows that a model is shown with: what its columns are, and what clients would send."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import ExportError

Floats = npt.NDArray[np.float64]

MOST_CATEGORIES = 4096
"""Of a column; more are free text, or an identifier."""


@dataclass
class Column:
    """A column of the manifest, and what its values are in the model's own data frame."""

    name: str
    dtype: str = "float64"
    """What the model was given: float64, int64, bool, object, str or category."""
    categories: list[str] | None = None
    values: list[Any] | None = None
    """The categories as the model was given them: strings, or numbers."""
    missing: bool = False
    unknown: str | None = None

    def manifest(self) -> dict[str, Any]:
        said: dict[str, Any] = {"name": self.name}
        if self.categories is not None:
            said.update(kind="category", categories=self.categories)
            if self.unknown is not None and (self.unknown != "missing" or self.missing):
                said["unknown"] = self.unknown
        if self.missing:
            said["missing"] = True
        return said


@dataclass
class Sample:
    columns: list[Column]
    values: Floats
    """Rows of numbers as float32 has them; the places of categories; NaN for what is missing."""
    named: bool
    """Whether the sample was a data frame."""
    shape: tuple[int, ...]
    """A row's, where it has more than one dimension."""
    raw: dict[int, list[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def features(self) -> int:
        return len(self.columns)

    def take(self, rows: Any) -> Sample:
        return Sample(self.columns, self.values[rows], self.named, self.shape)

    def use_categories(self, at: int, values: Sequence[Any], names: Sequence[str] | None = None, **changes: Any) -> None:
        """Makes a column one of these categories, whatever it was taken for."""
        column = self.columns[at]
        given = self.given(at)
        column.values, column.categories = list(values), [str(v) for v in values] if names is None else list(names)
        for key, value in changes.items():
            setattr(column, key, value)
        place = {_key(v): i for i, v in enumerate(column.values)}
        place.update({name: i for i, name in enumerate(column.categories) if name not in place})
        other = math.nan if column.unknown == "missing" and column.missing else len(column.values)
        self.values[:, at] = [math.nan if _is_missing(v) else place.get(_key(v), place.get(str(v), other)) for v in given]
        check_categories(column)

    def given(self, at: int) -> list[Any]:
        """A column's values as the sample had them."""
        column = self.columns[at]
        if column.values is None:
            return [float(x) for x in self.values[:, at]]
        return [math.nan if math.isnan(x) else column.values[int(x)] if int(x) < len(column.values) else x for x in self.values[:, at]]

    def known(self) -> Sample:
        """The rows whose categories are all among those of the columns."""
        good = np.ones(len(self), bool)
        for i, column in enumerate(self.columns):
            if column.categories is not None:
                good &= ~(self.values[:, i] >= len(column.categories))
        return self.take(good)

    def cells(self) -> list[list[Any]]:
        """Rows as clients send them in JSON."""
        columns: list[list[Any]] = []
        for i, column in enumerate(self.columns):
            values = self.values[:, i].tolist()
            names = column.categories
            columns.append([None if math.isnan(x) else x if names is None else names[int(x)] for x in values])
        return [list(row) for row in zip(*columns, strict=True)]

    @property
    def float32(self) -> npt.NDArray[np.float32]:
        return self.values.astype(np.float32)


def _is_missing(value: Any) -> bool:
    return value is None or value != value or type(value).__name__ == "NAType"


def _key(value: Any) -> Any:
    return float(value) if isinstance(value, (bool, int, float, np.number, np.bool_)) else str(value)


def check_categories(column: Column) -> None:
    names = column.categories or []
    if len(names) > MOST_CATEGORIES:
        raise ExportError(
            f"column {column.name!r} has {len(names)} categories; expected at most {MOST_CATEGORIES}: leave out a column of free text or identifiers"
        )
    for name in names:
        if not 1 <= len(name.encode()) <= 128 or any(ord(c) < 32 or ord(c) == 127 for c in name):
            raise ExportError(f"column {column.name!r} has the category {name!r}; expected 1 to 128 bytes without control characters")
    if len(set(names)) != len(names):
        raise ExportError(f"column {column.name!r} has two categories of the same name: rename one of {names[:10]}")


def read_sample(given: Any) -> Sample:
    if given is None:
        raise ExportError("sample is missing; give some rows that the model was trained on, as sample=X: a data frame or an array")
    kind = type(given).__module__.partition(".")[0]
    if kind == "polars":
        given = given.to_pandas()
    if hasattr(given, "iloc") and hasattr(given, "dtypes") and hasattr(given, "columns"):
        return _of_frame(given)
    if type(given).__name__ in ("DMatrix", "QuantileDMatrix", "Dataset", "Pool"):
        raise ExportError(f"sample is a {type(given).__name__}; give the rows that it was made of: a data frame or an array")
    if isinstance(given, dict):
        import pandas as pd

        return _of_frame(pd.DataFrame(given))
    if hasattr(given, "toarray"):
        given = given.toarray()
    if kind == "torch":
        given = given.detach().cpu().numpy()
    return _of_array(np.asarray(given))


def _of_array(array: npt.NDArray[Any]) -> Sample:
    if array.ndim < 2 or len(array) == 0:
        raise ExportError(f"sample has the shape {array.shape}; expected rows of features, one at least: an array of two dimensions or a data frame")
    shape = array.shape[1:]
    rows = array.reshape(len(array), -1)
    columns = [Column(f"x{i}") for i in range(rows.shape[1])]
    if array.dtype.kind in "OUS":
        sample = Sample(columns, np.zeros(rows.shape), False, shape)
        for i in range(rows.shape[1]):
            _take_objects(sample, i, list(rows[:, i]), "object")
        return sample
    sample = Sample(columns, _rounded(rows), False, shape)
    _note_missing(sample)
    return sample


def _of_frame(frame: Any) -> Sample:
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExportError(f"sample has two columns {twice[0]!r}: rename one")
    if len(frame) == 0 or not names:
        raise ExportError("sample has no rows; give some that the model was trained on")
    for name in names:
        if not 1 <= len(name.encode()) <= 128 or not name.isprintable():
            raise ExportError(f"sample has a column {name!r}; expected names of 1 to 128 bytes that can be printed")
    sample = Sample([Column(name) for name in names], np.zeros((len(frame), len(names))), True, (len(names),))
    for i, column in enumerate(sample.columns):
        series = frame.iloc[:, i]
        dtype = str(series.dtype)
        if dtype == "category":
            column.dtype = "category"
            column.values = list(series.cat.categories)
            column.categories = [str(v) for v in column.values]
            codes = np.asarray(series.cat.codes, np.float64)
            sample.values[:, i] = np.where(codes < 0, np.nan, codes)
            check_categories(column)
        elif dtype == "object" or dtype.startswith("str"):
            _take_objects(sample, i, list(series), "object" if dtype == "object" else "str")
        elif getattr(series.dtype, "kind", "O") in "fiub":
            column.dtype = "bool" if dtype in ("bool", "boolean") else "int64" if series.dtype.kind in "iu" else "float64"
            sample.values[:, i] = _rounded(series.to_numpy(dtype=np.float64, na_value=np.nan)[:, None])[:, 0]
        else:
            raise ExportError(f"column {column.name!r} is of the type {dtype}; expected numbers, booleans, strings or categories: make numbers of it first")
    _note_missing(sample)
    for i, column in enumerate(sample.columns):
        if column.dtype in ("int64", "bool") and column.missing:
            column.dtype = "float64"
    return sample


def _take_objects(sample: Sample, at: int, values: list[Any], dtype: str) -> None:
    column = sample.columns[at]
    there = [v for v in values if not _is_missing(v)]
    if there and all(isinstance(v, (bool, int, float, np.number, np.bool_)) for v in there):
        column.dtype = dtype if sample.named else "float64"
        sample.values[:, at] = _rounded(np.array([[math.nan if _is_missing(v) else float(v)] for v in values]))[:, 0]
    else:
        for v in there:
            if not isinstance(v, (str, bool, int, float, np.generic)):
                raise ExportError(f"column {column.name!r} holds a {type(v).__name__}; expected strings or numbers")
        found = {_key(v): v for v in there}
        column.dtype = dtype
        column.values = [found[key] for key in sorted(found, key=str)]
        column.categories = [str(v) for v in column.values]
        place = {_key(v): i for i, v in enumerate(column.values)}
        sample.values[:, at] = [math.nan if _is_missing(v) else place[_key(v)] for v in values]
        check_categories(column)
    column.missing = len(there) < len(values)


def _rounded(rows: Any) -> Floats:
    with np.errstate(over="ignore"):
        values = np.asarray(rows, np.float64).astype(np.float32).astype(np.float64)
    if np.isinf(values).any():
        at = int(np.argwhere(np.isinf(values))[0][0])
        raise ExportError(f"sample has a value in row {at} that is infinite, or beyond float32: leave such rows out")
    return values


def _note_missing(sample: Sample) -> None:
    for i, column in enumerate(sample.columns):
        column.missing = column.missing or bool(np.isnan(sample.values[:, i]).any())


def pandas_is_loaded() -> bool:
    return "pandas" in sys.modules
