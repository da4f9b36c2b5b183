"""Messages in JSON, as a client writes them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Union

from .errors import PenstockError

RequestId = Union[int, float, str]
"""Names a request. A number and a string are different ids: ``1`` is not ``"1"``."""

_LONGEST_DEADLINE_MS = 24 * 60 * 60 * 1000  # the most that a server takes
_PLAIN = re.compile(r"[!#-\[\]-~]{1,128}")


def dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def encode_request(
    features: str,
    request_id: RequestId,
    *,
    model: str | None = None,
    deadline_ms: float | None = None,
    scores: bool = False,
    timing: bool = False,
    outputs: bool = False,
    top_k: int | None = None,
    set: bool = False,
    alpha: float | None = None,
) -> str:
    """Writes a request around its features, which are JSON already.

    The id comes first, so that the server can name it whatever follows.
    """
    options: dict[str, Any] = {}
    if model is not None:
        options["model"] = model
    if deadline_ms is not None and deadline_ms != math.inf:
        options["deadline_ms"] = min(max(deadline_ms, 0.001), _LONGEST_DEADLINE_MS)
    detail = [name for name, asked in (("scores", scores), ("timing", timing), ("outputs", outputs), ("set", set)) if asked]
    if detail:
        options["detail"] = detail
    if top_k is not None:
        options["top_k"] = top_k
    if alpha is not None:
        options["alpha"] = alpha
    tail = "," + dumps(options)[1:] if options else "}"
    return f'{{"type":"predict","request_id":{dumps(request_id)},"features":{features}{tail}'


def encode_feedback(request_id: RequestId, label: Any, many: bool) -> str:
    """Writes a label, or with ``many`` one for each row."""
    return dumps({"type": "feedback", "request_id": request_id, "labels" if many else "label": label})


def encode_cancel(request_id: RequestId) -> str:
    return dumps({"type": "cancel", "request_id": request_id})


def encode_subscribe(metrics: Sequence[str] | None, models: Sequence[str] | None, interval_ms: float | None) -> str:
    fields: dict[str, Any] = {"type": "subscribe"}
    if metrics is not None:
        fields["metrics"] = list(metrics)
    if models is not None:
        fields["models"] = list(models)
    if interval_ms is not None:
        fields["interval_ms"] = round(interval_ms)
    return dumps(fields)


def check_id(request_id: RequestId, binary: bool) -> None:
    """Refuses ids that the server could not read back to us: its error would name no request."""
    if isinstance(request_id, str):
        right = _PLAIN.fullmatch(request_id) is not None
    else:
        right = isinstance(request_id, (int, float)) and not isinstance(request_id, bool) and math.isfinite(request_id)
    if not right:
        raise PenstockError(
            "bad_request_id",
            f"{request_id!r} is neither a number nor 1 to 128 characters of ASCII without spaces, quotes and backslashes",
        )
    if binary and not (isinstance(request_id, int) and 0 <= request_id < 2**64):
        raise PenstockError("bad_request_id", f"{request_id!r} is no whole number, as a binary request needs")
