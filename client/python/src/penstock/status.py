"""How a client stands with its server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["connected", "reconnecting", "disconnected"]
"""``connected``: messages go out. ``reconnecting``: no connection yet, or no more, and one is on its way.
``disconnected``: the client was closed or not started, or the server refused it."""


@dataclass(frozen=True, slots=True)
class StatusInfo:
    """A status, with what a person wants to know about it."""

    status: Status
    attempt: int = 0
    """The attempt that is under way or comes next, counted from 1; 0 when not reconnecting."""
    next_attempt_in: float | None = None
    """Seconds until the next attempt, as planned when this was told; None when none is planned, or one is under way."""
    reason: str | None = None
    """Why the last connection ended, in words for people and logs."""
    close_code: int | None = None
    """Of the last connection or attempt; 1006 where none came."""
    close_reason: str | None = None
    """The reason that came with it, such as ``token_expired``."""
    renewal: str | None = None
    """Why the token of this connection could not be renewed; None while nothing is wrong."""
