"""Frames for one loop over a dashboard."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import cast

from .errors import PenstockError, copy_of
from .wire import Frame

_MOST = 256


class Feed(AsyncIterator[Frame]):
    """A loop that is slower than the frames finds the newest metrics and presence, never a backlog.

    Of the rest the oldest are dropped beyond 256.
    """

    def __init__(self, left: Callable[[Feed], None]) -> None:
        self._frames: deque[Frame] = deque()
        self._left = left
        self._filled = asyncio.Event()
        self._ended = False
        self._error: PenstockError | None = None

    def push(self, frame: Frame) -> None:
        kind = frame["type"]
        if kind == "history":
            self._frames.clear()  # a new connection tells everything anew
        elif kind in ("metrics", "presence"):
            group = cast("dict[str, object]", frame).get("group")
            old = [f for f in self._frames if f["type"] == kind and cast("dict[str, object]", f).get("group") == group]
            for f in old:
                self._frames.remove(f)
        self._frames.append(frame)
        if len(self._frames) > _MOST:
            self._frames.popleft()
        self._filled.set()

    def end(self, error: PenstockError | None) -> None:
        """No frame comes any more; an error is raised in the loop."""
        self._ended = True
        self._error = error
        self._filled.set()

    async def __anext__(self) -> Frame:
        while not self._frames:
            if self._ended:
                self._left(self)
                error, self._error = self._error, None
                if error:
                    raise copy_of(error)
                raise StopAsyncIteration
            self._filled.clear()
            await self._filled.wait()
        return self._frames.popleft()

    async def aclose(self) -> None:
        self._frames.clear()
        self.end(None)
        self._left(self)
