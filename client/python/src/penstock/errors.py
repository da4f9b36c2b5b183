"""What goes wrong with a message or a connection, with a code to act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SERVER_CODES: tuple[str, ...] = (
    "",
    "bad_json",
    "bad_message",
    "bad_request_id",
    "bad_features",
    "unknown_model",
    "too_many_rows",
    "duplicate_request_id",
    "overloaded",
    "deadline_exceeded",
    "cancelled",
    "rate_limited",
    "unauthorized",
    "forbidden",
    "unknown_request",
    "duplicate_feedback",
    "bad_label",
    "model_error",
    "draining",
    "internal",
    "too_large",
    "unavailable",
)
"""Codes of errors that a server sends; the index is the number in binary frames."""

CLIENT_CODES: tuple[str, ...] = (
    "connection_lost",
    "queue_full",
    "queue_expired",
    "disconnected",
    "closed",
    "message_too_big",
)
"""Codes that this client gives itself; the README says when."""

_RETRYABLE = frozenset(
    (
        "overloaded",
        "deadline_exceeded",
        "rate_limited",
        "draining",
        "internal",
        "unavailable",
        "connection_lost",
        "queue_full",
        "queue_expired",
    )
)


class PenstockError(Exception):
    """Whatever fails: :attr:`code` is for programs, :attr:`message` for people.

    A newer server may send a code that is not in :data:`SERVER_CODES`: treat it
    by :attr:`retryable` alone.
    """

    code: str
    message: str
    retryable: bool
    """Whether the same message, sent again, may succeed."""
    retry_after_ms: int | None
    """How long to wait before, where the server says so."""
    expected: int | None
    got: int | None
    close_code: int | None
    """Of a connection that ended: its close code, such as 1008."""
    reason: str | None
    """What the server gave as the reason, such as ``token_expired``."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool | None = None,
        retry_after_ms: int | None = None,
        expected: int | None = None,
        got: int | None = None,
        close_code: int | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.retryable = code in _RETRYABLE if retryable is None else retryable
        self.retry_after_ms = retry_after_ms
        self.expected = expected
        self.got = got
        self.close_code = close_code
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.code, self.message, dict(self.__dict__))


class DeadlineError(PenstockError, TimeoutError):
    """The time was over first: ``deadline_exceeded`` or ``queue_expired``."""


class ConnectionLostError(PenstockError, ConnectionError):
    """There is no connection, or none any more: ``connection_lost``, ``disconnected`` or ``closed``."""


class OverloadedError(PenstockError):
    """Too much at once: ``overloaded``, ``rate_limited`` or ``queue_full``. See ``retry_after_ms``."""


class FeaturesError(PenstockError, ValueError):
    """Rows or labels that the model does not take: ``bad_features``, ``too_many_rows`` or ``bad_label``."""


_CLASSES: Mapping[str, type[PenstockError]] = {
    "deadline_exceeded": DeadlineError,
    "queue_expired": DeadlineError,
    "connection_lost": ConnectionLostError,
    "disconnected": ConnectionLostError,
    "closed": ConnectionLostError,
    "overloaded": OverloadedError,
    "rate_limited": OverloadedError,
    "queue_full": OverloadedError,
    "bad_features": FeaturesError,
    "too_many_rows": FeaturesError,
    "bad_label": FeaturesError,
}


def make_error(code: str, message: str, **details: Any) -> PenstockError:
    """The error of a code, of the class that stands for it."""
    return _CLASSES.get(code, PenstockError)(code, message, **details)


def error_from(m: Mapping[str, Any]) -> PenstockError:
    """Reads an ``error`` message as it comes in JSON."""
    return make_error(
        str(m.get("code")),
        str(m.get("message", "")),
        retryable=m.get("retryable"),
        retry_after_ms=m.get("retry_after_ms"),
        expected=m.get("expected"),
        got=m.get("got"),
    )


def copy_of(error: PenstockError) -> PenstockError:
    """The same error for another caller: raised in two places, one would have both tracebacks."""
    again = _rebuild(error.code, error.message, dict(error.__dict__))
    again.__cause__ = error.__cause__
    return again


def _rebuild(code: str, message: str, fields: dict[str, Any]) -> PenstockError:
    error = make_error(code, message)
    error.__dict__.update(fields)
    return error


RECONNECTABLE = frozenset((1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 3008))
"""Close codes that do not blame the client; after all others it stays away."""
