"""Signs of life."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_LAST_LOOK = 0.05


class Heartbeat:
    """Asks a silent server for a sign of life, and tells when none comes. Whatever it sends is one."""

    def __init__(self, interval: float, timeout: float, ping: Callable[[], None], dead: Callable[[], None]) -> None:
        self._interval = interval
        self._timeout = timeout
        self._ping = ping
        self._dead = dead
        self._heard_at = 0.0
        self._asked = False
        self._overdue = False
        self._due_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self.heard()
        self._check(self._interval)

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None
        self._asked = self._overdue = False

    def heard(self) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        self._asked = self._overdue = False

    def _check(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        seconds = min(seconds, 86_400.0)  # longer than that, asking once more costs nothing
        self._due_at = loop.time() + seconds
        self._timer = loop.call_later(seconds, self._due)

    def _due(self) -> None:
        now = asyncio.get_running_loop().time()
        silent = now - self._heard_at
        # A timer that is this late means that the loop was held up or that the
        # machine slept: ask once more.
        late = now - self._due_at > self._timeout
        if self._asked and not late:
            if self._overdue:
                self._dead()
                return
            self._overdue = True  # unless the answer lies unread: the loop reads before it comes here again
            self._check(min(self._timeout, _LAST_LOOK))
        elif self._asked or silent >= self._interval:
            self._asked = True
            self._overdue = False
            self._check(self._timeout)
            self._ping()
        else:
            self._check(self._interval - silent)
