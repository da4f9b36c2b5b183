"""Rows as people have them, as they go out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock
from penstock import _binary
from penstock._rows import many_rows, one_row

NAN = float("nan")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ([[1, 2.5], (3, None)], [[1, 2.5], [3, None]]),
        ([[1, NAN], [np.float32(0.5), np.int8(3)]], [[1, None], [0.5, 3]]),
        ([{"a": 1, "b": "x"}, {"a": NAN}], [{"a": 1, "b": "x"}, {"a": None}]),
        ({"a": [1, None], "b": ["x", 2]}, [{"a": 1, "b": "x"}, {"a": None, "b": 2}]),
        ({"a": np.array([1.5, NAN]), "b": pd.Series([True, False])}, [{"a": 1.5, "b": 1}, {"a": None, "b": 0}]),
        (np.array([["x", 1.0], [None, 2]], object), [["x", 1.0], [None, 2]]),
        (
            pd.DataFrame({"c": pd.Categorical(["u", None]), "n": pd.array([1, None], "Int64"), "f": [0.25, NAN], "t": [True, False]}),
            [{"c": "u", "n": 1, "f": 0.25, "t": 1}, {"c": None, "n": None, "f": None, "t": 0}],
        ),
        (pd.DataFrame({"s": pd.array(["a", pd.NA], "string"), 7: [1, 2]}), [{"s": "a", "7": 1}, {"s": None, "7": 2}]),
    ],
)
def test_tables_in_json(table: Any, says: Any) -> None:
    rows = many_rows(table, None)
    assert rows.array is None
    assert json.loads(rows.json(True)) == says


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ([1, 2], [1, 2]),
        ((1, None, "x"), [1, None, "x"]),
        ({"a": np.float64(1), "b": None}, {"a": 1.0, "b": None}),
        (pd.Series({"a": 1.5, "b": NAN}), {"a": 1.5, "b": None}),
        (pd.DataFrame({"a": [1], "b": ["x"]}).iloc[0], {"a": 1, "b": "x"}),
        (range(3), [0, 1, 2]),
    ],
)
def test_a_row_in_json(row: Any, says: Any) -> None:
    assert json.loads(one_row(row, None).json(False)) == says


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6, dtype=">f8").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0).reshape(2, 6)[:, ::2] / 2,
        np.arange(6, dtype=np.int64).reshape(2, 3),
        np.arange(6, dtype=np.float16).reshape(2, 3),
    ],
)
def test_arrays_go_as_float32(array: Any) -> None:
    rows = many_rows(array, None)
    assert rows.array is not None
    frame = _binary.encode_request(rows.array, 1)
    assert np.frombuffer(frame, "<f4", offset=24).tolist() == [0, 1, 2, 3, 4, 5]
    assert json.loads(many_rows(array, False).json(True)) == [[0, 1, 2], [3, 4, 5]]


def test_bytes_go_as_bytes() -> None:
    rows = one_row(np.array([0, 255], np.uint8), None)
    assert rows.array is not None
    assert _binary.encode_request(rows.array, 1)[24:] == b"\x00\xff"


def test_lists_go_in_binary_when_asked() -> None:
    rows = many_rows([[1, None], [2, 3]], True)
    assert rows.array is not None
    assert np.array_equal(rows.array, np.array([[1, NAN], [2, 3]]), equal_nan=True)


@pytest.mark.parametrize(
    ("table", "binary", "says"),
    [
        (np.zeros(3), None, "1 dimensions"),
        (np.zeros((1, 2, 3)), None, "3 dimensions"),
        (np.zeros((1, 2), np.complex64), None, "complex64"),
        (np.zeros((1, 2), np.uint8), False, "astype"),
        (np.array([["x"]]), True, "binary"),
        ([{"a": 1}], True, "by name"),
        ([[1], [1, 2]], True, "different lengths"),
        ([["x"]], True, "not all numbers"),
        ({"a": [1], "b": [1, 2]}, None, "different lengths"),
        ({"a": 1, "b": 2}, None, "predict"),
        ([1, 2], None, "row 0 is 1"),
        (["ab"], None, "row 0 is 'ab'"),
        (pd.DataFrame({"a": pd.to_datetime(["2026-01-01"])}), None, "column 'a'"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), None, "one name"),
    ],
)
def test_what_cannot_be_sent_is_said(table: Any, binary: bool | None, says: str) -> None:
    with pytest.raises(penstock.FeaturesError, match=says) as raised:
        many_rows(table, binary)
    assert raised.value.code == "bad_features"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ([1, float("inf")], "entry 1 is inf"),
        ({"a": 1, "b": object}, "column 'b'"),
        (np.zeros((2, 2)), "predict_many"),
        (pd.DataFrame({"a": [1]}), "predict_many"),
        (5, "row 0 is 5"),
    ],
)
def test_a_row_that_cannot_be_sent_is_said(row: Any, says: str) -> None:
    with pytest.raises(penstock.FeaturesError, match=says):
        one_row(row, None).json(False)


@pytest.mark.parametrize("request_id", ["", "a b", 'a"', "ü", True, NAN, None, [1], "x" * 129])
def test_ids_that_would_not_come_back_are_refused(request_id: Any) -> None:
    with pytest.raises(penstock.PenstockError) as raised:
        penstock._message.check_id(request_id, False)
    assert raised.value.code == "bad_request_id"


@pytest.mark.parametrize(
    "options",
    [
        {"ping_interval": 0},
        {"queue_ttl": NAN},
        {"backoff_min": 5.0, "backoff_max": 1.0},
        {"max_attempts": 0.5},
        {"session": "short"},
        {"token": ""},
        {"no_such": 1},
    ],
)
def test_options_are_checked_where_they_are_given(options: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        penstock.AsyncClient("ws://127.0.0.1:1", **options)


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://host", "ws://", "ws:///x?token=secret"])
def test_addresses_are_checked_and_not_told(url: str) -> None:
    with pytest.raises(ValueError) as raised:
        penstock.AsyncClient(url)
    assert "secret" not in str(raised.value)
