"""Tokens: one for each handshake, and a fresh one before it ends."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from ._asks import Asks
from ._backoff import Backoff
from ._message import dumps
from ._options import Settings
from .errors import PenstockError
from .wire import Identity

# How long before its end a token is renewed unasked, at most. The server asks a
# minute before, or at half of what is left.
_EARLY = 45.0
_SOONEST = 1.0


def is_refusal(error: BaseException) -> bool:
    """Whether a token function says that nobody is signed in: asking again would not help."""
    status = getattr(error, "status", None) or getattr(error, "status_code", None)
    return getattr(error, "code", None) in ("unauthorized", "forbidden", 401, 403) or status in (401, 403)


class SignIn:
    """Shows a fresh token before the one in use expires. None is kept here, nor is one part of an error or a status."""

    def __init__(self, settings: Settings, asks: Asks, send: Callable[[str], None], changed: Callable[[], None]) -> None:
        self.identity: Identity | None = None
        self.problem: str | None = None
        self._token = settings.token
        self._timeout = settings.connect_timeout
        self._asks = asks
        self._send = send
        self._changed = changed
        self._backoff = Backoff(settings.backoff_min, settings.backoff_max)
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def fetch(self) -> str | None:
        """A token; None where none is to be shown."""
        if not callable(self._token):
            return self._token
        token: Any
        ask: Callable[[], Any] = self._token
        if inspect.iscoroutinefunction(ask):
            token = ask()
        else:  # it may block, as those do that ask another server
            token = await asyncio.wait_for(asyncio.to_thread(ask), self._timeout)
        if inspect.isawaitable(token):
            token = await asyncio.wait_for(token, self._timeout)
        if not isinstance(token, str) or not token:
            raise TypeError(f"the token function returned {'an empty string' if token == '' else type(token).__name__}; expected a token")
        return token

    def renew(self) -> None:
        """Fetches a token and shows it, unless that is under way."""
        if callable(self._token) and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._renew())

    async def _renew(self) -> None:
        self._cancel_timer()
        try:
            token = await self.fetch()
        except Exception as error:
            if not is_refusal(error):
                self._after(self._backoff.next())
            self._say(f"no new token: {error!r}")
            return
        answer = self._asks.add("auth_ok")
        self._send(dumps({"type": "auth", "token": token}))
        try:
            self._accepted(await answer)
        except PenstockError as error:
            if error.code == "rate_limited":
                self._after((error.retry_after_ms or 1000) / 1000)
            if error.code != "connection_lost":  # the next connection shows its own
                self._say(f"the new token was refused: {error}")

    def _accepted(self, m: Mapping[str, Any]) -> None:
        self.identity = {
            "user": m["user"],
            "scopes": m.get("scopes", []),
            "groups": m.get("groups", []),
            "expires": m.get("expires"),
        }
        self._backoff.lived(float("inf"))
        self._plan(m.get("expires"))
        self._say(None)

    def _plan(self, expires: str | None) -> None:
        """The clocks may differ: one by which a valid token ended already tells nothing, and the server's notice comes."""
        if expires is None:
            return
        try:
            end = datetime.fromisoformat(expires.replace("Z", "+00:00"))
        except ValueError:
            return
        left = (end - datetime.now(timezone.utc)).total_seconds()
        if left > _SOONEST:
            self._after(max(_SOONEST, left - min(_EARLY, left / 4)))

    def stop(self) -> None:
        """Ends what belongs to a connection."""
        self._cancel_timer()
        if self._task:
            self._task.cancel()
        self._task = None
        self.problem = None

    def _after(self, seconds: float) -> None:
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.renew)

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def _say(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._changed()
