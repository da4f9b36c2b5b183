"""The groups that a client is in: they belong to a connection, and are joined again on the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ._asks import Asks
from ._message import dumps
from .errors import PenstockError, make_error


class Groups:
    def __init__(self, asks: Asks, send: Callable[[str], None], ready: Callable[[float | None], Awaitable[None]], wait: float) -> None:
        self.joined: list[str] = []
        self._wanted: dict[str, None] = {}
        self._asks = asks
        self._send = send
        self._ready = ready
        self._wait = wait

    async def join(self, group: str) -> None:
        """Joins a group, now or on the next connection, for which it waits within bounds."""
        if not isinstance(group, str) or not group:
            raise make_error("bad_message", "the group has no name; expected one such as ops")
        await self._ready(self._wait)
        await self._ask(group)
        self._wanted[group] = None

    async def leave(self, group: str) -> None:
        """Leaves a group. Without a connection it is left already."""
        self._wanted.pop(group, None)
        if group in self.joined:
            self.joined.remove(group)
        answer = self._asks.add("left", group)
        self._send(dumps({"type": "leave", "group": group}))
        try:
            await answer
        except PenstockError as error:
            if error.code != "connection_lost":
                raise

    def opened(self) -> None:
        """A new connection takes messages."""
        for group in self._wanted:
            self._rejoin(group)

    def _rejoin(self, group: str) -> None:
        answer = self._asks.add("joined", group)
        answer.add_done_callback(lambda done: self._rejoined(group, done))
        self._send(dumps({"type": "join", "group": group}))

    def _rejoined(self, group: str, answer: asyncio.Future[Mapping[str, Any]]) -> None:
        error = None if answer.cancelled() else answer.exception()
        if isinstance(error, PenstockError):
            if error.code == "rate_limited" and group in self._wanted:
                asyncio.get_running_loop().call_later((error.retry_after_ms or 1000) / 1000, self._again, group)
            elif error.code != "connection_lost":
                self._wanted.pop(group, None)
        elif group in self._wanted and group not in self.joined:
            self.joined.append(group)

    def _again(self, group: str) -> None:
        if group in self._wanted and group not in self.joined:
            self._rejoin(group)

    async def _ask(self, group: str) -> None:
        answer = self._asks.add("joined", group)
        self._send(dumps({"type": "join", "group": group}))
        await answer
        if group not in self.joined:
            self.joined.append(group)

    def left(self, group: str) -> None:
        """The server says so unasked: the token does not allow it any more."""
        self._wanted.pop(group, None)
        if group in self.joined:
            self.joined.remove(group)

    def lost(self) -> None:
        self.joined = []
