"""The sample: rows as the model was trained on them, with names and categories where they have some."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import ExportError

Cell = float | str | None


@dataclass
class Column:
    """A feature: a number, or one of some categories by name."""

    name: str
    categories: list[str] | None = None
    missing: bool = False
    unknown: str = "refuse"

    def manifest(self) -> dict[str, Any]:
        told: dict[str, Any] = {"name": self.name}
        if self.categories is not None:
            told |= {"kind": "category", "categories": self.categories}
            if self.unknown != "refuse":
                told["unknown"] = self.unknown
        if self.missing:
            told["missing"] = True
        return told


def is_frame(rows: Any) -> bool:
    """Whether rows are a pandas DataFrame, without importing pandas for others."""
    return type(rows).__module__.partition(".")[0] == "pandas" and hasattr(rows, "columns")


class Table:
    """Rows, and what is known of their columns. Categories are taken from the dtype category, and of texts from the sample."""

    def __init__(self, rows: Any) -> None:
        if rows is None:
            raise ExportError("sample is missing: give rows that the model was trained on, sample=X; golden rows and what rows usually hold are taken from them")
        self.frame = rows if is_frame(rows) else None
        if self.frame is not None:
            names = [str(name) for name in self.frame.columns]
            if len(set(names)) != len(names):
                raise ExportError(f"sample has several columns of one name: {sorted({n for n in names if names.count(n) > 1})}")
            self.columns: list[Column] | None = [self._column(name, i) for i, name in enumerate(names)]
            self.rows, self.features = len(self.frame), len(names)
            self.matrix: npt.NDArray[np.float32] | None = None
        else:
            try:
                matrix = np.asarray(rows, dtype=np.float32)
            except (TypeError, ValueError) as error:
                raise ExportError(f"sample has values that are no numbers ({error}); give a DataFrame, whose columns have names") from error
            if matrix.ndim < 2:
                raise ExportError(f"sample has the shape {matrix.shape}; expected rows, (n, features)")
            if matrix.size == 0:
                raise ExportError("sample has no rows")
            self.shape = matrix.shape[1:]
            self.matrix = matrix.reshape(len(matrix), -1)
            self.columns = None
            self.rows, self.features = self.matrix.shape
        if self.rows == 0:
            raise ExportError("sample has no rows")

    def _column(self, name: str, place: int) -> Column:
        assert self.frame is not None
        values = self.frame.iloc[:, place]
        kind = str(values.dtype)
        column = Column(name, missing=bool(values.isna().any()))
        if kind == "category":
            column.categories = [str(c) for c in values.cat.categories]
        elif kind in ("object", "str", "string") or kind.startswith("string"):
            column.categories = sorted({str(v) for v in values.dropna()})
        return column

    @property
    def any_missing(self) -> bool:
        """Whether some value of the sample is missing."""
        if self.columns is not None:
            return any(c.missing for c in self.columns)
        assert self.matrix is not None
        return bool(np.isnan(self.matrix).any())

    def take(self, most: int) -> Any:
        """Some rows, evenly spread, as the library takes them: numbers rounded to float32, as the server reads them."""
        picked = np.unique(np.linspace(0, self.rows - 1, min(most, self.rows)).astype(int))
        if self.frame is None:
            assert self.matrix is not None
            return self.matrix[picked]
        part = self.frame.iloc[picked].copy()
        assert self.columns is not None
        for column in self.columns:
            kind = part[part.columns[self._place(column)]].dtype
            if column.categories is None and kind.kind == "f":
                part[part.columns[self._place(column)]] = part.iloc[:, self._place(column)].astype(np.float32).astype(kind)
        return part

    def _place(self, column: Column) -> int:
        assert self.columns is not None
        return self.columns.index(column)

    def cells(self, rows: Any) -> list[list[Cell]]:
        """Rows of take as a client sends them."""
        if self.frame is None:
            return [[_number(x) for x in row] for row in np.asarray(rows, np.float64)]
        assert self.columns is not None
        lists: list[list[Cell]] = []
        for place, column in enumerate(self.columns):
            values = rows.iloc[:, place]
            if column.categories is None:
                lists.append([_number(x) for x in values.astype(np.float64).astype(np.float32).astype(np.float64)])
            else:
                lists.append([None if _absent(v) else str(v) for v in values])
        return [list(row) for row in zip(*lists, strict=True)]


def _absent(value: Any) -> bool:
    return value is None or value != value


def _number(x: float) -> Cell:
    return None if math.isnan(x) else float(x)


def class_names(classes: Sequence[Any] | None) -> list[str] | None:
    """Names of classes as texts; whole numbers that are kept as floats lose their fraction."""
    if classes is None:
        return None
    return [str(int(c)) if isinstance(c, float | np.floating) and float(c).is_integer() else str(c) for c in classes]
