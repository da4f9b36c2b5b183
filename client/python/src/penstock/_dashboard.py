"""The server's measurements, second by second, over a socket that comes back by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from ._feed import Feed
from ._link import Link, call
from ._message import dumps, encode_subscribe
from ._options import Options, endpoint, settings
from ._thread import LoopThread
from .errors import PenstockError, error_from
from .status import StatusInfo
from .wire import Frame, Notice

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

_FRAMES = frozenset(("history", "metrics", "alert", "note", "presence", "typing"))


class AsyncDashboard:
    """The frames of ``/ws/dashboard``, with ``async for``.

    Every connection begins with ``history``, which tells everything anew: what a
    program knows of points, alerts, notes and presence from before, it should then
    forget. Texts and names come from people: show them as text, never as markup.
    """

    def __init__(
        self, url: str, *, on_error: Callable[[PenstockError], None] | None = None, **options: Unpack[Options]
    ) -> None:
        """``on_error`` is called with what the server refuses, such as a note too many."""
        self._settings = settings(options)
        at = endpoint(url, "/ws/dashboard", self._settings.session)
        self._on_error = on_error
        self._feeds: set[Feed] = set()
        self._subscription: str | None = None  # as it was sent last, and will be again
        self._link = Link(at, self._settings, self)

    @property
    def status(self) -> StatusInfo:
        return self._link.status

    def __aiter__(self) -> Feed:
        """The frames from now on. The loop ends with ``close()``, and raises when the server refuses the connection."""
        self._link.start()
        feed = Feed(self._feeds.discard)
        final = self._link.final
        if final:
            feed.end(None if final.code == "closed" else final)
        else:
            self._feeds.add(feed)
        return feed

    async def ready(self, timeout: float | None = None) -> None:
        """Waits for a connection on which the server has spoken; raises when it refuses, or after so many seconds."""
        await self._link.ready(timeout)

    async def __aenter__(self) -> Self:
        self._link.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection and every loop."""
        await self._link.close()

    def reconnect(self) -> None:
        """Connects anew at once, also after a refusal."""
        self._link.reconnect()

    def subscribe(
        self,
        metrics: Sequence[str] | None = None,
        models: Sequence[str] | None = None,
        interval_ms: float | None = None,
    ) -> None:
        """Chooses what comes: fields of metrics, models, and the least time between two frames.

        None means all, and every second. It is sent again with every new connection.
        """
        if interval_ms is not None and not 0 <= interval_ms <= 60_000:
            raise ValueError(f"interval_ms is {interval_ms}; expected 0 to 60,000")
        self._subscription = encode_subscribe(metrics, models, interval_ms)
        self._link.send(self._subscription)

    async def note(self, text: str, *, group: str | None = None) -> None:
        """Leaves a note for everybody, or in a group; it comes back as a ``note``. Without a connection it waits for one."""
        await self._tell({"type": "note", "text": text, **({} if group is None else {"group": group})})

    async def typing(self) -> None:
        """Tells the others that somebody writes a note."""
        await self._tell({"type": "typing"})

    async def accept_baseline(self, model: str) -> None:
        """Takes how right a model is now for what is expected of it: its alert ends, and fires again when it gets worse."""
        await self._tell({"type": "accept_baseline", "model": model})

    async def freeze_calibration(self, model: str, frozen: bool = True) -> None:
        """Keeps how a model's confidence is calibrated as it is, or with False lets it follow the labels again."""
        await self._tell({"type": "freeze_calibration", "model": model, "frozen": frozen})

    async def join(self, group: str) -> None:
        """Joins a group: its notifications and notes come too, also after a reconnect."""
        await self._link.groups.join(group)

    async def leave(self, group: str) -> None:
        """Leaves a group."""
        await self._link.groups.leave(group)

    async def _tell(self, message: dict[str, Any]) -> None:
        await self._link.ready(self._settings.queue_ttl)
        self._link.send(dumps(message))

    # What the link says.

    def opened(self) -> None:
        if self._subscription:
            self._link.send(self._subscription)

    def up(self) -> None: ...

    def message(self, m: dict[str, Any]) -> None:
        self._link.greeted()  # the server's first message says that it is there
        if m["type"] == "error":
            call(self._on_error, error_from(m))
        elif m["type"] == "notice":
            notice = cast(Notice, m)
            if notice["code"] == "going_away":
                self._link.drain(notice["message"])
            call(self._settings.on_notice, notice)
            if notice["code"] == "notification":
                self._push(notice)
        elif m["type"] in _FRAMES:
            self._push(cast(Frame, m))

    def binary(self, frame: bytes) -> None: ...

    def lost(self, error: PenstockError, final: bool) -> None:
        if final:
            for feed in list(self._feeds):
                feed.end(None if error.code == "closed" else error)
            self._feeds.clear()

    def _push(self, frame: Frame) -> None:
        for feed in self._feeds:
            feed.push(frame)


class Dashboard:
    """The frames of ``/ws/dashboard``, with ``for``; an :class:`AsyncDashboard` on a thread of its own."""

    def __init__(
        self, url: str, *, on_error: Callable[[PenstockError], None] | None = None, **options: Unpack[Options]
    ) -> None:
        self._dashboard = AsyncDashboard(url, on_error=on_error, **options)
        self._thread = LoopThread("penstock-dashboard")
        self._thread.call(self._dashboard._link.start)

    @property
    def status(self) -> StatusInfo:
        return self._dashboard.status

    def __iter__(self) -> Iterator[Frame]:
        """The frames from now on; see :meth:`AsyncDashboard.__aiter__`."""
        feed = self._thread.run(self._feed())
        return self._frames(feed)

    async def _feed(self) -> Feed:
        return aiter(self._dashboard)

    def _frames(self, feed: Feed) -> Iterator[Frame]:
        try:
            while True:
                frame = self._thread.run(self._next(feed))
                if frame is None:
                    return
                yield frame
        except PenstockError as error:
            if error.code != "closed":
                raise
        finally:
            try:
                self._thread.run(feed.aclose())
            except PenstockError:
                pass  # the client was closed

    async def _next(self, feed: Feed) -> Frame | None:
        try:
            return await anext(feed)
        except StopAsyncIteration:
            return None

    def ready(self, timeout: float | None = None) -> None:
        """Waits for a connection on which the server has spoken; raises when it refuses, or after so many seconds."""
        self._thread.run(self._dashboard.ready(timeout))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection and every loop."""
        self._thread.stop(self._dashboard.close())

    def reconnect(self) -> None:
        """Connects anew at once, also after a refusal."""
        self._thread.call(self._dashboard.reconnect)

    def subscribe(
        self,
        metrics: Sequence[str] | None = None,
        models: Sequence[str] | None = None,
        interval_ms: float | None = None,
    ) -> None:
        """Chooses what comes; see :meth:`AsyncDashboard.subscribe`."""

        async def on_the_loop() -> None:
            self._dashboard.subscribe(metrics, models, interval_ms)

        self._thread.run(on_the_loop())

    def note(self, text: str, *, group: str | None = None) -> None:
        """Leaves a note for everybody, or in a group."""
        self._thread.run(self._dashboard.note(text, group=group))

    def typing(self) -> None:
        """Tells the others that somebody writes a note."""
        self._thread.run(self._dashboard.typing())

    def accept_baseline(self, model: str) -> None:
        """Takes how right a model is now for what is expected of it."""
        self._thread.run(self._dashboard.accept_baseline(model))

    def freeze_calibration(self, model: str, frozen: bool = True) -> None:
        """Keeps how a model's confidence is calibrated as it is, or with False lets it follow the labels again."""
        self._thread.run(self._dashboard.freeze_calibration(model, frozen))

    def join(self, group: str) -> None:
        """Joins a group: its notifications and notes come too, also after a reconnect."""
        self._thread.run(self._dashboard.join(group))

    def leave(self, group: str) -> None:
        """Leaves a group."""
        self._thread.run(self._dashboard.leave(group))
