"""Binary frames, to the byte; the protocol's chapter on them has the layout."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from .errors import SERVER_CODES, PenstockError, make_error

HEADER = struct.Struct("<BBHIQII")
_SHORT = struct.Struct("<BBHIQ")
_MODEL = struct.Struct("<I")
_MODEL_AT = 20

SCORES, TIMING, WIDE = 1, 2, 4


def encode_request(
    rows: NDArray[Any],
    request_id: int,
    *,
    deadline_ms: float | None = None,
    model: int = 0,
    scores: bool = False,
    timing: bool = False,
) -> bytearray:
    """Writes a request of rows × features, which are uint8 or become float32."""
    as_bytes = rows.dtype == np.uint8
    values = np.ascontiguousarray(rows, dtype=np.uint8 if as_bytes else "<f4")
    flags = (SCORES if scores else 0) | (TIMING if timing else 0)
    head = HEADER.pack(0x01, 2 if as_bytes else 1, flags, len(rows), request_id, _microseconds(deadline_ms), model)
    frame = bytearray(head)
    frame += values.data.cast("B") if values.size else b""
    return frame


def choose_model(frame: bytearray, index: int) -> None:
    """Names the model in a request's frame: its index is known only with a connection."""
    _MODEL.pack_into(frame, _MODEL_AT, index)


def ask_scores(frame: bytearray) -> None:
    """Asks for every score: what some kinds of output say is not told otherwise."""
    frame[2] |= SCORES


def encode_feedback(request_id: int, labels: NDArray[Any]) -> bytes:
    """Writes a label for each row, or with two dimensions several numbers for each."""
    values = np.ascontiguousarray(labels, dtype="<f4")
    return _SHORT.pack(0x02, 0, WIDE if values.ndim == 2 else 0, len(values), request_id) + values.tobytes()


def _microseconds(ms: float | None) -> int:
    """Zero stands for no deadline; 71 minutes are the most that a frame can say."""
    if ms is None or ms == float("inf"):
        return 0
    return min(max(round(ms * 1000), 1), 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class BinaryPrediction:
    request_id: int
    rows: int
    queue_us: int
    compute_us: int
    pairs: NDArray[np.float32]
    """Rows × 2: the class's index or the value, and the confidence."""
    scores: NDArray[np.float32] | None
    """Rows × the scores of all outputs."""


@dataclass(frozen=True, slots=True)
class BinaryFeedback:
    request_id: int
    correct: list[bool]


@dataclass(frozen=True, slots=True)
class BinaryError:
    request_id: int
    error: PenstockError


BinaryReply = Union[BinaryPrediction, BinaryFeedback, BinaryError]


def decode(frame: bytes) -> BinaryReply | None:
    """Reads a frame from the server; None where it is none that can be read. Arrays lie over it."""
    if len(frame) < _SHORT.size:
        return None
    kind, number, flags, word, request_id = _SHORT.unpack_from(frame)
    if kind == 0x81:
        scores_at = HEADER.size + 8 * word
        if len(frame) < scores_at:
            return None
        *_, queue_us, compute_us = HEADER.unpack_from(frame)
        scores = None
        if flags & SCORES:
            width = (len(frame) - scores_at) // 4 // word if word else 0
            scores = np.frombuffer(frame, "<f4", word * width, scores_at).reshape(word, width)
        pairs = np.frombuffer(frame, "<f4", 2 * word, HEADER.size).reshape(word, 2)
        return BinaryPrediction(request_id, word, queue_us, compute_us, pairs, scores)
    if kind == 0x82:
        return BinaryFeedback(request_id, [b == 1 for b in frame[_SHORT.size :]])
    if kind == 0xFF:
        code = SERVER_CODES[number] if 0 < number < len(SERVER_CODES) else f"code_{number}"
        text = frame[_SHORT.size :].decode("utf-8", "replace")
        return BinaryError(request_id, make_error(code, text, retryable=bool(flags & 1), retry_after_ms=word or None))
    return None
