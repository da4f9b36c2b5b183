"""Messages that the server answers: those that wait, and those in flight."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal, Union

from ._binary import BinaryFeedback, BinaryPrediction
from ._message import RequestId
from .errors import PenstockError, copy_of, make_error
from .wire import ModelInfo

Kind = Literal["predict", "feedback"]
Reply = Union[dict[str, object], BinaryPrediction, BinaryFeedback]
Key = tuple[Kind, RequestId, bool]


def key_of(kind: Kind, request_id: RequestId) -> Key:
    """1 and "1" differ by themselves; 1 and 1.0, which Python takes for one, are two ids on the wire."""
    return kind, request_id, isinstance(request_id, float)


class Call:
    """A message, and who waits for its answer."""

    __slots__ = ("key", "rows", "message", "text", "model_name", "future", "sent", "given_up", "sent_at", "since", "waited", "model")

    def __init__(
        self,
        key: Key,
        rows: int,
        message: bytearray | bytes,
        model_name: str | None,
        future: asyncio.Future[Reply],
        text: bool,
    ) -> None:
        self.key = key
        self.rows = rows
        self.message = message
        self.text = text  # JSON, and no binary frame
        self.model_name = model_name
        self.future = future
        self.sent = False  # handed to the socket
        self.given_up = False  # nobody waits any more
        self.sent_at = 0.0
        self.since = 0.0  # when it began to wait
        self.waited = 0.0  # until it went out for the last time
        self.model: ModelInfo | None = None

    @property
    def size(self) -> int:
        return len(self.message)

    def done(self, reply: Reply) -> None:
        if not self.future.done():
            self.future.set_result(reply)

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Queue:
    """Calls that wait, in order, for a connection or for room in the window: bounded in number, bytes and time."""

    def __init__(self, limit: float, limit_bytes: float, ttl: float, why: Callable[[], str | None]) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._ttl = ttl
        self._why = why
        self._calls: OrderedDict[Call, None] = OrderedDict()
        self._returned: OrderedDict[Call, None] = OrderedDict()  # of these, what comes first
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._calls)

    def first(self) -> Call | None:
        return next(iter(self._returned), None) or next(iter(self._calls), None)

    def add(self, call: Call) -> None:
        if len(self) >= self._limit or self._bytes + call.size > self._limit_bytes:
            raise make_error(
                "queue_full",
                f"{len(self)} messages of {self._bytes} bytes wait already; wait for replies, or raise queue_limit or queue_bytes",
            )
        self._take(call)

    def put_back(self, call: Call) -> None:
        """Takes back what was not run, before all that never went out and whatever the bounds: it had room before."""
        self._returned[call] = None
        self._take(call)

    def remove(self, call: Call) -> bool:
        """Takes a call out; False when it does not wait."""
        if call not in self._calls:
            return False
        del self._calls[call]
        self._returned.pop(call, None)
        self._bytes -= call.size
        return True

    def fail_all(self, error: PenstockError) -> None:
        for call in list(self._calls):
            self.remove(call)
            call.fail(copy_of(error))

    def _take(self, call: Call) -> None:
        call.since = asyncio.get_running_loop().time()
        self._calls[call] = None
        self._bytes += call.size
        self._watch()

    def _watch(self) -> None:
        """One timer looks after all: at most a quarter late."""
        if self._timer is None and self._calls and self._ttl < 1e9:
            self._timer = asyncio.get_running_loop().call_later(min(self._ttl / 4, 1.0), self._expire)

    def _expire(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for call in list(self._calls):
            if call.waited + now - call.since < self._ttl:
                continue
            self.remove(call)
            why = self._why()
            call.fail(make_error("queue_expired", f"the message was not sent within {self._ttl:g} s" + (f": {why}" if why else "")))
        self._watch()

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


class Flight:
    """Calls that were sent and not answered yet."""

    def __init__(self) -> None:
        self.rows = 0
        self._calls: dict[Key, Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, call: Call) -> None:
        self.rows += call.rows
        self._calls[call.key] = call

    def take(self, kind: Kind, request_id: RequestId) -> Call | None:
        """Takes the call out that a reply answers."""
        call = self._calls.pop(key_of(kind, request_id), None)
        if call:
            self.rows -= call.rows
        return call

    def take_failed(self, code: str, request_id: RequestId) -> Call | None:
        """Takes the call out that an error answers.

        Three codes are about labels alone (``unknown_request`` also about a cancel
        that came too late, which nobody waits for); the others are about a request,
        unless none is there.
        """
        if code in ("unknown_request", "duplicate_feedback", "bad_label"):
            return self.take("feedback", request_id)
        return self.take("predict", request_id) or self.take("feedback", request_id)

    def empty(self) -> list[Call]:
        """Takes all out, in the order in which they went out."""
        calls = list(self._calls.values())
        self._calls.clear()
        self.rows = 0
        return calls
