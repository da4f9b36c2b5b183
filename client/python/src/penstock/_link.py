"""A WebSocket that comes back by itself."""

from __future__ import annotations

import asyncio
import json
import math
import ssl as tls
from collections import deque
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Union

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidURI
from websockets.typing import Subprotocol

from ._asks import Asks
from ._backoff import Backoff
from ._calls import Call
from ._groups import Groups
from ._heartbeat import Heartbeat
from ._options import Endpoint, Settings
from ._refused import refusal
from ._sign_in import SignIn, is_refusal
from .errors import RECONNECTABLE, PenstockError, make_error
from .status import StatusInfo

_ABNORMAL = 1006
_DRAIN_TIMEOUT = 30.0

Phase = Literal["idle", "connecting", "up", "draining", "waiting", "ended", "closed"]
"""``connecting``: up to the server's greeting. ``draining``: the server goes away, and still answers what it took.
``ended``: no attempt follows, unless somebody asks for one."""


class Owner(Protocol):
    """What the owner of a link does with it."""

    def opened(self) -> None:
        """The socket is open; the server has not spoken yet."""

    def up(self) -> None:
        """From now on messages are taken."""

    def message(self, m: dict[str, Any]) -> None: ...

    def binary(self, frame: bytes) -> None: ...

    def lost(self, error: PenstockError, final: bool) -> None:
        """What was sent and not answered never will be; when it is final, no connection will come by itself."""


@dataclass(frozen=True)
class _End:
    """How a connection, or an attempt, ended."""

    code: int | None
    why: str
    cause: BaseException | None = None
    final: bool = False
    retry_after: float = 0.0


class Link:
    def __init__(self, at: Endpoint, settings: Settings, owner: Owner) -> None:
        self._at = at
        self._settings = settings
        self._owner = owner
        self._ssl: tls.SSLContext | None = None
        if at.secure:
            self._ssl = settings.ssl or tls.create_default_context(cafile=settings.ca_file)
        self._asks = Asks()
        self.sign_in = SignIn(settings, self._asks, self.send, self._tell)
        self.groups = Groups(self._asks, self.send, self.ready, settings.queue_ttl)
        self._backoff = Backoff(settings.backoff_min, settings.backoff_max)
        self._heartbeat = Heartbeat(
            settings.ping_interval,
            settings.pong_timeout,
            lambda: self.send('{"type":"ping"}'),
            lambda: self._drop(_End(_ABNORMAL, f"no sign of life for {settings.pong_timeout:g} s")),
        )
        self.phase: Phase = "idle"
        self.status = StatusInfo("disconnected")
        self._socket: ClientConnection | None = None
        self._end: _End | None = None  # of this connection, where it is ended from here
        self._last: _End | None = None
        self._outbox: deque[Union[str, Call]] = deque()
        self._filled = asyncio.Event()
        self._again = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failures = 0
        self._up_since = 0.0
        self._waiters: list[asyncio.Future[None]] = []
        self._ending: PenstockError | None = None

    @property
    def up(self) -> bool:
        return self.phase == "up"

    @property
    def final(self) -> PenstockError | None:
        """Why no connection will come by itself, where that is so."""
        if self.phase == "closed":
            return make_error("closed", "the client was closed")
        return self._disconnected() if self.phase == "ended" else None

    @property
    def reason(self) -> str | None:
        return self._last.why if self._last else None

    def start(self) -> None:
        """Begins to connect, on the running loop, unless that was done."""
        if self.phase == "idle":
            self.phase = "connecting"
            self._task = asyncio.get_running_loop().create_task(self._run())

    def send(self, item: Union[str, Call]) -> None:
        """Sends on the connection of now; without one it does nothing."""
        if self._socket is not None:
            self._outbox.append(item)
            self._filled.set()

    async def ready(self, timeout: float | None = None) -> None:
        """Waits until messages may be sent; raises when no connection will come by itself, or none came in time."""
        self.start()
        try:
            await asyncio.wait_for(self._ready(), None if timeout == math.inf else timeout)
        except asyncio.TimeoutError:
            why = f": {self.reason}" if self.reason else ""
            error = make_error("connection_lost", f"no connection within {timeout:g} s{why}")
            raise error from (self._last.cause if self._last else None)

    async def _ready(self) -> None:
        while not self.up:
            if self.final:
                raise self.final
            changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(changed)
            await changed

    def greeted(self) -> None:
        """Says that the server has greeted: from now on messages are taken."""
        if self.phase != "connecting":
            return
        self.phase = "up"
        self._failures = 0
        self._up_since = asyncio.get_running_loop().time()
        self._stop_timer()
        self._heartbeat.start()
        self.groups.opened()
        self._tell()
        self._owner.up()

    def drain(self, why: str) -> None:
        """Says that the server will close after what it owes."""
        if self.phase != "up":
            return
        self.phase = "draining"
        self._last = _End(None, why)
        self._after(_DRAIN_TIMEOUT, _End(1001, why))
        self._tell()

    def reconnect(self) -> None:
        """Connects anew at once; a connection that stands is given up for it."""
        if self.phase in ("connecting", "closed"):
            return
        if self.phase == "idle":
            self.start()
            return
        if self.phase in ("up", "draining"):
            self._drop(_End(None, "reconnect() was called"))
        self._failures = 0
        self._again.set()
        if self.phase == "ended":
            self.phase = "connecting"  # from now on, and not from the task's next turn
            self._tell()

    async def close(self) -> None:
        if self.phase == "closed":
            return
        self.phase = "closed"
        self._last = _End(None, "closed by the client")
        socket, self._socket = self._socket, None
        self._release()
        self._owner.lost(make_error("closed", "the client was closed"), final=True)
        self._tell()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if socket:
            await socket.close(1000)

    async def _run(self) -> None:
        while True:
            self.phase = "connecting"
            self._again.clear()
            self._tell()
            end = await self._connection()
            was_up = self.phase in ("up", "draining")
            if was_up:
                self._backoff.lived(asyncio.get_running_loop().time() - self._up_since)
            else:
                self._failures += 1
            self._release()
            gave_up = self._failures >= self._settings.max_attempts
            if gave_up:
                end = _End(end.code, f"gave up after {self._failures} attempts: {end.why}", end.cause)
            self._last = end
            final = end.final or gave_up or not (end.code is None or end.code in RECONNECTABLE)
            if final:
                self.phase = "ended"
                self.sign_in.identity = None
                self._owner.lost(self._disconnected(), final=True)
                self._tell()
                await self._again.wait()
                continue
            self.phase = "waiting"
            lost = make_error("connection_lost", self._in_words(end), close_code=end.code, reason=end.why or None)
            lost.__cause__ = end.cause
            self._owner.lost(lost, final=False)
            pause = max(self._backoff.next(), end.retry_after)
            if not self._again.is_set():
                self._tell(pause)
                await _either(self._again, pause)

    async def _connection(self) -> _End:
        """One connection, from the attempt to its end."""
        s = self._settings
        started = asyncio.get_running_loop().time()
        self._end = None
        try:
            token = await self.sign_in.fetch()
        except Exception as error:
            return _End(None, f"no token: {error!r}", error, final=is_refusal(error))
        token = token or self._at.token
        headers = dict(s.headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        secure: dict[str, Any] = {"ssl": self._ssl} if self._ssl else {}
        local = self._at.host in ("localhost", "127.0.0.1", "::1")
        try:
            socket = await connect(
                self._at.url,
                subprotocols=[Subprotocol("penstock.v1")],
                compression=None,
                additional_headers=headers,
                proxy=s.proxy or (None if local else True),
                open_timeout=None if s.connect_timeout == math.inf else s.connect_timeout,
                ping_interval=None,
                close_timeout=s.close_timeout,
                max_size=s.max_reply,
                max_queue=256,
                **secure,
            )
        except Exception as error:
            final, why, wait = refusal(error, token)
            return _End(_ABNORMAL, why, error, final=final or isinstance(error, InvalidURI), retry_after=wait)
        self._socket = socket
        left = s.connect_timeout - (asyncio.get_running_loop().time() - started)
        self._after(max(left, 0.1), _End(_ABNORMAL, f"no greeting within {s.connect_timeout:g} s"))
        self._filled.clear()
        self._outbox.clear()
        self._owner.opened()
        writer = asyncio.get_running_loop().create_task(self._write(socket))
        try:
            return await self._read(socket)
        finally:
            writer.cancel()
            if self._socket is socket:
                self._socket = None
                socket.transport.abort()

    async def _read(self, socket: ClientConnection) -> _End:
        try:
            while True:
                data = await socket.recv()
                self._heartbeat.heard()
                if isinstance(data, bytes):
                    self._owner.binary(data)
                else:
                    self._heard(data)
        except ConnectionClosed as error:
            if self._end:
                return self._end
            code = socket.close_code or _ABNORMAL
            return _End(code, socket.close_reason or "", error)

    async def _write(self, socket: ClientConnection) -> None:
        outbox = self._outbox
        try:
            while True:
                while outbox:
                    item = outbox.popleft()
                    if isinstance(item, str):
                        await socket.send(item)
                    elif not item.given_up:
                        item.sent = True
                        await socket.send(item.message, text=item.text)
                self._filled.clear()
                await self._filled.wait()
        except ConnectionClosed:
            pass  # the reader hears of it

    def _heard(self, text: str) -> None:
        try:
            m = json.loads(text)
        except ValueError:
            self._drop(_End(_ABNORMAL, "the server sent what is no JSON"))
            return
        kind = m.get("type") if isinstance(m, dict) else None
        if kind == "ping":
            self.send('{"type":"pong"}')
        elif isinstance(kind, str) and kind != "pong":
            if kind == "notice" and m.get("code") == "token_expiring":
                self.sign_in.renew()
            if self._asks.heard(m):
                return
            if kind == "left":
                self.groups.left(str(m.get("group")))
            self._owner.message(m)

    def _drop(self, end: _End) -> None:
        """Ends the connection from here; the reader hears of it."""
        if self._socket is not None:
            self._end = self._end or end
            self._socket.transport.abort()

    def _release(self) -> None:
        """Ends what belongs to a connection."""
        self._stop_timer()
        self._heartbeat.stop()
        self.sign_in.stop()
        self._asks.lost(make_error("connection_lost", "the connection ended before the answer"))
        self.groups.lost()

    def _disconnected(self) -> PenstockError:
        end = self._last or _End(None, "refused")
        error = make_error("disconnected", self._in_words(end), close_code=end.code, reason=end.why or None)
        error.__cause__ = end.cause
        return error

    def _in_words(self, end: _End) -> str:
        what = end.why or "the connection was lost"
        return what if end.code is None or end.code == _ABNORMAL else f"{what}, close code {end.code}"

    def _after(self, seconds: float, end: _End) -> None:
        self._stop_timer()
        if seconds != math.inf:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._drop, end)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def _tell(self, next_attempt_in: float | None = None) -> None:
        last = self._last
        final = self.phase in ("ended", "closed", "idle")
        status: Literal["connected", "disconnected", "reconnecting"]
        status = "connected" if self.up else "disconnected" if final else "reconnecting"
        self.status = StatusInfo(
            status,
            attempt=self._failures + 1 if status == "reconnecting" else 0,
            next_attempt_in=next_attempt_in,
            reason=self._in_words(last) if last else None,
            close_code=last.code if last else None,
            close_reason=(last.why or None) if last and last.code not in (None, _ABNORMAL) else None,
            renewal=self.sign_in.problem,
        )
        call(self._settings.on_status, self.status)
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


def call(handler: Any, event: Any) -> None:
    """A handler that raises is its owner's fault: the client goes on."""
    if handler is None:
        return
    try:
        handler(event)
    except Exception as error:
        context = {"message": f"a handler of penstock's client failed: {handler!r}", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)


async def _either(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except asyncio.TimeoutError:
        pass
