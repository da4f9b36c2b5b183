"""Rows as people have them, made ready for the wire.

Data frames are recognized by what they can do: no library but NumPy is imported.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from ._message import dumps
from .errors import PenstockError, make_error

Row = Union[Sequence[Any], Mapping[str, Any], NDArray[Any], Any]
"""One row of features: numbers in the model's order, or values by the names of its columns.

``None`` and NaN stand for a missing value, where the model takes that. A Series of
pandas is a row by names.
"""

Table = Any
"""Many rows: a two-dimensional array, a data frame, a list of rows, or a dict of columns."""

Labels = Union[Sequence[Any], NDArray[Any], Any]
"""One label for each row: a list, an array, or a Series."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one form: an array for a binary frame, or lists and dicts for JSON."""

    array: NDArray[Any] | None
    items: Sequence[Any]
    """Rows as JSON has them; empty where there is an array."""

    def __len__(self) -> int:
        return len(self.items) if self.array is None else len(self.array)

    def part(self, start: int, end: int) -> Rows:
        if self.array is None:
            return Rows(None, self.items[start:end])
        return Rows(self.array[start:end], ())

    def json(self, many: bool) -> str:
        rows: Sequence[Any] = self.items
        if self.array is not None:
            rows = _plain_rows(self.array)
        try:
            return dumps(rows if many else rows[0])
        except (TypeError, ValueError) as error:
            raise _wrong(rows, error) from error

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in a binary frame."""
        if self.array is None:
            return 0
        return int(self.array.shape[1]) * (1 if self.array.dtype == np.uint8 else 4)


def one_row(features: Row, binary: bool | None) -> Rows:
    """Reads one row."""
    if isinstance(features, np.ndarray):
        if features.ndim != 1:
            raise make_error(
                "bad_features",
                f"an array of {features.ndim} dimensions is not one row; send one of one dimension, or many rows with predict_many",
            )
        return _from_array(features.reshape(1, -1), binary)
    if _is_frame(features):
        raise make_error("bad_features", "a data frame has many rows; send them with predict_many, or one as a dict")
    if isinstance(features, Mapping):
        return _named([dict(features)], binary)
    if hasattr(features, "to_dict") and hasattr(features, "index"):  # a Series, by the names in its index
        return _named([dict(features.to_dict())], binary)
    return _listed([features], binary)


def many_rows(table: Table, binary: bool | None) -> Rows:
    """Reads many rows."""
    if isinstance(table, np.ndarray):
        if table.ndim != 2:
            raise make_error(
                "bad_features",
                f"an array of {table.ndim} dimensions is no table of rows; send one of two dimensions, rows × features",
            )
        return _from_array(table, binary)
    if _is_frame(table):
        names = [str(name) for name in table.columns]
        if len(set(names)) != len(names):
            raise make_error("bad_features", f"two columns of the data frame have one name: {names}")
        columns = {name: table[original].to_numpy() for name, original in zip(names, table.columns)}
        return _named(_by_columns(columns), binary)
    if isinstance(table, Mapping):
        return _named(_by_columns({str(name): _column(name, column) for name, column in table.items()}), binary)
    rows = list(table)
    if rows and all(isinstance(row, Mapping) for row in rows):
        return _named([dict(row) for row in rows], binary)
    if rows and all(isinstance(row, np.ndarray) and row.ndim == 1 for row in rows):
        if len({len(row) for row in rows}) == 1:
            return _from_array(np.stack(rows), binary)
    return _listed(rows, binary)


def _is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(value, "__getitem__") and not isinstance(value, Mapping)


def _from_array(array: NDArray[Any], binary: bool | None) -> Rows:
    if array.dtype.kind in "fiub":
        if binary is False:
            if array.dtype == np.uint8:
                raise make_error(
                    "bad_features",
                    "bytes are scaled by the server, and go in binary requests; make numbers of them: rows.astype('float32')",
                )
            return Rows(None, _plain_rows(array))
        return Rows(array, ())
    if array.dtype.kind not in "OUST":
        raise make_error("bad_features", f"an array of {array.dtype} is no array of numbers; make numbers of it")
    if binary:
        raise make_error("bad_features", f"an array of {array.dtype} does not go in a binary request; leave out binary=True")
    return Rows(None, _plain_rows(array))


def _named(rows: list[dict[str, Any]], binary: bool | None) -> Rows:
    if binary:
        raise make_error("bad_features", "features by name go in JSON; leave out binary=True, or send them in order")
    return Rows(None, [{str(name): _plain(value) for name, value in row.items()} for row in rows])


def _listed(rows: Iterable[Any], binary: bool | None) -> Rows:
    plain = []
    for number, row in enumerate(rows):
        if isinstance(row, (str, bytes)) or not hasattr(row, "__iter__"):
            raise make_error("bad_features", f"row {number} is {row!r}; a row is a list of values, or a dict by the names of columns")
        plain.append([_plain(value) for value in row])
    if not binary:
        return Rows(None, plain)
    if len({len(row) for row in plain}) > 1:
        raise make_error("bad_features", "rows of different lengths in one request")
    try:
        return Rows(np.array(plain, dtype=np.float64).reshape(len(plain), -1), ())  # None becomes NaN
    except (TypeError, ValueError) as error:
        raise make_error("bad_features", f"a row is not all numbers, as a binary request needs: {error}") from error


def _column(name: Any, column: Any) -> Any:
    if hasattr(column, "to_numpy"):  # a Series
        return column.to_numpy()
    if isinstance(column, str) or not isinstance(column, (Sequence, np.ndarray)):
        raise make_error("bad_features", f"column {name!r} is no list of values; send one row with predict")
    return column


def _by_columns(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise make_error("bad_features", f"columns of different lengths: {lengths}")
    plain = {name: _plain_column(name, column) for name, column in columns.items()}
    return [dict(zip(plain, row)) for row in zip(*plain.values())]


def _plain_column(name: str, column: Any) -> list[Any]:
    if isinstance(column, np.ndarray):
        if column.dtype.kind in "mMc":
            raise make_error("bad_features", f"column {name!r} is of {column.dtype}; make numbers or names of it")
        column = column.tolist()
    return [_plain(value) for value in column]


def _plain_rows(array: NDArray[Any]) -> list[list[Any]]:
    if array.dtype.kind in "iu" or (array.dtype.kind == "f" and not np.isnan(array).any()):
        whole: list[list[Any]] = array.tolist()  # several times as fast
        return whole
    return [[_plain(value) for value in row] for row in array.tolist()]


def _plain(value: Any) -> Any:
    """A value as JSON says it: a missing one is null, a boolean 0 or 1."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, np.generic):
        return _plain(value.item())
    if type(value).__name__ in ("NAType", "NaTType"):  # of pandas, without importing it
        return None
    return value


def _wrong(rows: Sequence[Any], cause: Exception) -> PenstockError:
    """Says where the value is that JSON cannot hold."""
    for number, row in enumerate(rows):
        entries = row.items() if isinstance(row, dict) else enumerate(row)
        for at, value in entries:
            if value is None or isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value)):
                continue
            return make_error(
                "bad_features",
                f"row {number}, {'column' if isinstance(row, dict) else 'entry'} {at!r} is {value!r}; "
                "send finite numbers, names of categories, and None or NaN for what is missing",
            )
    return make_error("bad_features", f"rows that cannot be sent: {cause}")
