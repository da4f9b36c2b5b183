"""The golden vectors, which the server's codec writes and all clients are held to."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from penstock import CLIENT_CODES, SERVER_CODES
from penstock import _binary, _decode, _message, _rows
from penstock.errors import RECONNECTABLE, error_from, make_error
from penstock.wire import ModelInfo, OutputKind
from support import vectors

REQUESTS: list[dict[str, Any]] = vectors("requests")
REPLIES: list[dict[str, Any]] = vectors("replies")
CODES: dict[str, Any] = vectors("codes")
KNOWN = ("type", "request_id", "features", "model", "deadline_ms", "detail", "top_k", "alpha", "label", "labels")


def named(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def said(text: str) -> dict[str, Any]:
    """A message as far as it says something: no unknown field, no null, float32 numbers."""
    m = {key: value for key, value in json.loads(text).items() if key in KNOWN and value is not None}
    if "features" in m:
        m["features"] = np.array(m["features"], np.float32).tolist()
    if "detail" in m:
        m["detail"] = sorted(m["detail"])
    return {"type": "predict", **m}


def encode(m: dict[str, Any], request_id: Any) -> str:
    many = m.get("many", False)
    if m["type"] == "cancel":
        return _message.encode_cancel(request_id)
    if m["type"] == "feedback":
        return _message.encode_feedback(request_id, m["labels"] if many else m["labels"][0], many)
    features = _rows.many_rows(m["rows"], None) if many else _rows.one_row(m["rows"][0], None)
    options = {name: m[name] for name in ("model", "deadline_ms", "scores", "outputs", "timing", "top_k", "set", "alpha") if name in m}
    return _message.encode_request(features.json(many), request_id, **options)


SENT = [v for v in REQUESTS if "json" in v and v.get("message", {}).get("type") in ("predict", "feedback", "cancel")]


@pytest.mark.parametrize("vector", SENT, ids=named)
def test_requests_in_json_say_what_the_server_reads(vector: dict[str, Any]) -> None:
    request_id = vector["request_id"] if vector["request_id"] is not None else "mine"
    want = said(vector["json"])
    got = said(encode(vector["message"], request_id))
    assert got.pop("request_id") == request_id
    want.pop("request_id", None)
    assert got == want


FRAMES = [v for v in REQUESTS if "hex" in v and "message" in v]


@pytest.mark.parametrize("vector", FRAMES, ids=named)
def test_binary_requests_are_the_same_to_the_byte(vector: dict[str, Any]) -> None:
    m, request_id = vector["message"], int(vector["request_id"])
    rows = m["row_count"]
    if m["type"] == "feedback":
        labels = np.array(m["labels"], np.float32)
        frame: bytes | bytearray = _binary.encode_feedback(request_id, labels if len(labels) == rows else labels.reshape(rows, -1))
    else:
        values = np.array(m["bytes"], np.uint8) if "bytes" in m else np.array(m["rows"], np.float64)
        options = {name: m[name] for name in ("deadline_ms", "scores", "timing") if name in m}
        frame = _binary.encode_request(values.reshape(rows, -1), request_id, model=m.get("model_index", 0), **options)
    assert frame.hex() == vector["hex"]


def test_there_are_vectors() -> None:
    assert len(SENT) > 10
    assert len(FRAMES) > 3


def model_of(kind: OutputKind, width: int, classes: list[str]) -> ModelInfo:
    """A model whose first output is of a kind: what hello tells, and a vector does not."""
    output = {"name": "first", "kind": kind, "width": width, "classes": classes}
    return {"name": "m", "version": "1", "task": "", "features": 2, "classes": classes, "outputs": [output]}  # type: ignore[list-item]


MODELS: dict[str, tuple[ModelInfo, bool]] = {
    "labels": (model_of("labels", 3, ["a", "b", "c"]), True),
    "several values": (model_of("values", 2, []), False),
    "a vector": (model_of("vector", 2, []), True),
    "intervals of several values": (model_of("values", 2, []), False),
    "intervals of several values and rows": (model_of("values", 2, []), True),
    "a set of labels, which have none": (model_of("labels", 3, ["a", "b", "c"]), False),
}
PREDICTIONS = [v for v in REPLIES if '"type":"prediction"' in v.get("json", "")]


def what(answer: Any) -> Any:
    """What an answer says, as it is on the wire."""
    if answer.kind == "class":
        return answer.label
    if answer.kind == "labels":
        return answer.labels
    if answer.kind == "vector":
        return answer.vector.tolist()
    return answer.value if len(answer.values) == 1 else answer.values.tolist()


def between(answer: Any) -> Any:
    """The intervals of an answer, as they are on the wire."""
    if answer.intervals is None:
        assert answer.interval is None
        return None
    assert list(answer.interval) == answer.intervals[0].tolist()
    return answer.intervals.tolist() if len(answer.values) > 1 else list(answer.interval)


@pytest.mark.parametrize("vector", PREDICTIONS, ids=named)
def test_replies_in_json_are_read_whole(vector: dict[str, Any]) -> None:
    m = json.loads(vector["json"])
    model, many = MODELS.get(vector["name"], (None, isinstance(m["prediction"], list)))
    asked = _decode.Asked(m["request_id"], 1, 0.0)
    got = list(_decode.rows_from_json(m, model, asked)) if many else [_decode.row_from_json(m, model, asked)]

    def rows(name: str) -> list[Any]:
        return list(m[name]) if many else [m[name]]

    assert [what(p) for p in got] == [pytest.approx(r, rel=1e-6) if isinstance(r, float) else r for r in rows("prediction")]
    assert [p.confidences if p.kind == "labels" else p.confidence for p in got] == rows("confidence")
    assert [between(p) for p in got] == (rows("interval") if "interval" in m else [None] * len(got))
    assert {p.alpha for p in got} == {m.get("alpha")}
    for name in ("scores", "top", "set"):
        found = [getattr(p, name) for p in got]
        assert [f.tolist() if isinstance(f, np.ndarray) else f for f in found] == (rows(name) if name in m else [None] * len(got))
    assert {p.request_id for p in got} == {m["request_id"]}


@pytest.mark.parametrize("vector", [v for v in REPLIES if '"type":"error"' in v.get("json", "")], ids=named)
def test_errors_in_json_are_read_whole(vector: dict[str, Any]) -> None:
    m = json.loads(vector["json"])
    e = error_from(m)
    assert (e.code, e.message, e.retryable) == (m["code"], m["message"], m["retryable"])
    assert (e.retry_after_ms, e.expected, e.got) == tuple(m.get(n) for n in ("retry_after_ms", "expected", "got"))


@pytest.mark.parametrize("vector", [v for v in REPLIES if "hex" in v], ids=named)
def test_binary_replies_are_read_whole(vector: dict[str, Any]) -> None:
    want, reply = vector["meaning"], _binary.decode(bytes.fromhex(vector["hex"]))
    assert reply is not None
    assert reply.request_id == want["request_id"]
    if isinstance(reply, _binary.BinaryFeedback):
        assert (want["type"], reply.correct) == ("feedback_ok", want["correct"])
    elif isinstance(reply, _binary.BinaryError):
        e = reply.error
        assert (e.code, e.message, e.retryable) == (want["code"], want["message"], want.get("retryable", False))
        assert e.retry_after_ms == want.get("retry_after_ms")
    else:
        assert want["type"] == "prediction"
        first = reply.pairs[:, 0].tolist()
        assert first == np.array(want["values"], np.float32).tolist()
        confidences = [None if math.isnan(c) else c for c in reply.pairs[:, 1].tolist()]
        assert confidences == [None if c is None else float(np.float32(c)) for c in want["confidences"]]
        scores = None if reply.scores is None else reply.scores.tolist()
        assert scores == (np.array(want["scores"], np.float32).tolist() if "scores" in want else None)
        assert (reply.queue_us, reply.compute_us) == (want.get("queue_us", 0), want.get("compute_us", 0))


@pytest.mark.parametrize("frame", ["", "81", "8100000001000000", "8100000002" + "00" * 27, "42" + "00" * 23])
def test_other_frames_are_not_read(frame: str) -> None:
    assert _binary.decode(bytes.fromhex(frame)) is None


def test_the_table_of_codes_is_that_of_the_server() -> None:
    ours = [{"code": c, "number": n, "retryable": make_error(c, "").retryable} for n, c in enumerate(SERVER_CODES) if n]
    assert ours == CODES["errors"]
    assert not set(SERVER_CODES) & set(CLIENT_CODES)


def test_the_table_of_close_codes_is_that_of_the_server() -> None:
    assert [{**c, "reconnect": c["code"] in RECONNECTABLE} for c in CODES["closes"]] == CODES["closes"]


def test_a_number_of_a_newer_server_has_a_code_all_the_same() -> None:
    reply = _binary.decode(bytes.fromhex("fff001" + "00" * 13))
    assert isinstance(reply, _binary.BinaryError)
    assert (reply.error.code, reply.error.retryable) == ("code_240", True)
