"""Messages without an id, to which the server says one thing: ``auth``, ``join``, ``leave``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import PenstockError, copy_of, error_from

_REFUSALS = ("unauthorized", "forbidden", "rate_limited", "bad_message")


@dataclass(eq=False)
class _Ask:
    answer: str
    group: str | None
    future: asyncio.Future[Mapping[str, Any]]


class Asks:
    """What was asked and not answered yet.

    The server answers in the order of the messages, so an error that names no
    request is about the oldest of them.
    """

    def __init__(self) -> None:
        self._waiting: list[_Ask] = []

    def add(self, answer: str, group: str | None = None) -> asyncio.Future[Mapping[str, Any]]:
        future: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Ask(answer, group, future))
        return future

    def heard(self, m: Mapping[str, Any]) -> bool:
        """Whether the message was an answer to one of these."""
        refusal = m["type"] == "error" and m.get("request_id") is None and m.get("code") in _REFUSALS
        for at, ask in enumerate(self._waiting):
            if refusal or (ask.answer == m["type"] and ask.group == m.get("group")):
                del self._waiting[at]
                if not ask.future.done():
                    if refusal:
                        ask.future.set_exception(error_from(m))
                    else:
                        ask.future.set_result(m)
                return True
        return False

    def lost(self, error: PenstockError) -> None:
        waiting, self._waiting = self._waiting, []
        for ask in waiting:
            if not ask.future.done():
                ask.future.set_exception(copy_of(error))
