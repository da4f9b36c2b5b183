"""Calls over a link: the window, what waits, and who is answered."""

from __future__ import annotations

import asyncio
import random
from typing import Any, cast

from . import _binary
from ._calls import Call, Flight, Key, Kind, Queue, Reply, key_of
from ._decode import needs_scores
from ._link import Link, call
from ._message import RequestId, encode_cancel
from ._options import Endpoint, Settings
from .errors import PenstockError, copy_of, error_from, make_error
from .wire import Hello, ModelInfo, Notice


class Requests:
    """Sends calls within the window, lets others wait, and ends each exactly once."""

    def __init__(self, at: Endpoint, settings: Settings) -> None:
        self.settings = settings
        self.hello: Hello | None = None
        self.link = Link(at, settings, self)
        self._queue = Queue(settings.queue_limit, settings.queue_bytes, settings.queue_ttl, lambda: self.link.reason)
        self._flight = Flight()
        self._open: set[Key] = set()  # waiting or in flight
        # A new session counts from one; one that the caller named may have been used
        # before, by predictions that still wait for labels.
        self._next_id = 1 if at.session_is_new else random.randrange(1, 2**52)

    @property
    def in_flight(self) -> int:
        return len(self._flight)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def free_id(self) -> int:
        while key_of("predict", self._next_id) in self._open:
            self._next_id += 1
        self._next_id += 1
        return self._next_id - 1

    def check_open(self, request_id: RequestId, feedback: bool) -> None:
        """Refuses what the server would, before it is sent."""
        if key_of("predict", request_id) in self._open:
            if feedback:
                raise make_error("unknown_request", "the prediction has not come yet; label it then")
            raise make_error("duplicate_request_id", "a request with this id has not been answered yet")
        if feedback and key_of("feedback", request_id) in self._open:
            raise make_error("duplicate_feedback", "a label for this request is on its way")

    async def ask(
        self,
        kind: Kind,
        request_id: RequestId,
        rows: int,
        message: str | bytearray | bytes,
        model: str | None = None,
        deadline_ms: float | None = None,
    ) -> tuple[Reply, Call, float]:
        """Sends a message, or lets it wait, and waits for what the server says; its last result is the round trip in ms."""
        self.link.start()
        if self.link.final:
            raise self.link.final
        loop = asyncio.get_running_loop()
        if isinstance(message, str):
            message = message.encode()  # once, for its size and for the socket
            text = True
        else:
            text = False
        item = Call(key_of(kind, request_id), rows, message, model, loop.create_future(), text)
        self._open.add(item.key)
        try:
            if not self._queue and self._room(item):
                self._send(item)
            else:
                self._queue.add(item)
        except BaseException:
            self._open.discard(item.key)
            raise
        timer = None
        if deadline_ms is not None and deadline_ms < 1e12:
            timer = loop.call_later(deadline_ms / 1000, self._late, item, deadline_ms)
        try:
            reply = await item.future
        except asyncio.CancelledError:
            self._give_up(item)
            raise
        finally:
            if timer:
                timer.cancel()
            if not item.given_up:
                self._open.discard(item.key)
        return reply, item, (loop.time() - item.sent_at) * 1000

    def _late(self, item: Call, deadline_ms: float) -> None:
        if not item.future.done():
            self._give_up(item)
            item.fail(make_error("deadline_exceeded", f"there was no answer within {deadline_ms:g} ms"))

    def _give_up(self, item: Call) -> None:
        """Nobody waits any more. What was sent keeps its part of the window until its one answer has come."""
        if item.given_up:
            return
        item.given_up = True
        if self._queue.remove(item):
            self._open.discard(item.key)
        elif not item.sent:  # still in the outbox, which leaves it out
            self._take(item)
            self._send_waiting()
        elif item.key[0] == "predict":
            self.link.send(encode_cancel(item.key[1]))

    def _take(self, item: Call) -> None:
        self._flight.take(item.key[0], item.key[1])
        self._open.discard(item.key)

    def _room(self, item: Call) -> bool:
        """Whether a call may go out: the window bounds what the server still owes."""
        window = self.hello["limits"]["window"] if self.hello else 0
        return self.link.up and (self._flight.rows == 0 or self._flight.rows + item.rows <= window)

    def _send(self, item: Call) -> None:
        item.model = self._serving(item)
        limit = self.hello["limits"]["max_bytes"] if self.hello else item.size
        if item.size > limit:
            raise make_error(
                "message_too_big",
                "the server takes no message of this size; send fewer rows, or binary ones",
                expected=limit,
                got=item.size,
            )
        now = asyncio.get_running_loop().time()
        if item.since:
            item.waited += now - item.since
        item.sent_at = now
        self._flight.add(item)
        self.link.send(item)

    def _serving(self, item: Call) -> ModelInfo | None:
        """The model that will answer, by what the server said of its models; a binary message is made to name it."""
        models = self.hello["models"] if self.hello else []
        index = find_model(models, item.model_name)
        if isinstance(item.message, bytearray):
            if index is None:
                raise make_error(
                    "unknown_model",
                    f"the server has no model {item.model_name}; it has {', '.join(m['name'] for m in models) or 'none'}",
                )
            _binary.choose_model(item.message, index)
            if needs_scores(models[index]):
                _binary.ask_scores(item.message)
        return None if index is None else models[index]

    def _send_waiting(self) -> None:
        while (item := self._queue.first()) and self._room(item):
            self._queue.remove(item)
            try:
                self._send(item)
            except PenstockError as error:
                item.fail(error)

    def _settled(self, item: Call | None) -> Call | None:
        if item and item.given_up:
            self._open.discard(item.key)
        return item

    # What the link says.

    def opened(self) -> None: ...

    def up(self) -> None:
        self._send_waiting()

    def message(self, m: dict[str, Any]) -> None:
        kind = m["type"]
        request_id = cast(RequestId, m.get("request_id"))
        if kind == "prediction":
            if item := self._settled(self._flight.take("predict", request_id)):
                item.done(m)
        elif kind == "feedback_ok":
            if item := self._settled(self._flight.take("feedback", request_id)):
                item.done(m)
        elif kind == "error":
            self._failed(error_from(m), request_id)
        elif kind == "hello":
            self.hello = cast(Hello, m)
            self.link.greeted()
        elif kind == "notice":
            self._noticed(cast(Notice, m))
        self._send_waiting()

    def binary(self, frame: bytes) -> None:
        reply = _binary.decode(frame)
        if isinstance(reply, _binary.BinaryError):
            self._failed(reply.error, reply.request_id)
        elif isinstance(reply, _binary.BinaryPrediction):
            if item := self._settled(self._flight.take("predict", reply.request_id)):
                item.done(reply)
        elif isinstance(reply, _binary.BinaryFeedback):
            if item := self._settled(self._flight.take("feedback", reply.request_id)):
                item.done(reply)
        self._send_waiting()

    def _failed(self, error: PenstockError, request_id: RequestId) -> None:
        item = self._settled(self._flight.take_failed(error.code, request_id))
        if error.code == "draining" and not self.link.final:
            self.link.drain(error.message)  # also when the notice is still to come
            if item and not item.given_up:
                self._put_back(item)
        elif item:
            item.fail(error)

    def _put_back(self, item: Call) -> None:
        item.sent = False
        self._queue.put_back(item)

    def _noticed(self, notice: Notice) -> None:
        if notice["code"] == "going_away":
            self.link.drain(notice["message"])
        elif notice["code"] == "model_updated":
            self.link.send('{"type":"hello"}')
        call(self.settings.on_notice, notice)

    def lost(self, error: PenstockError, final: bool) -> None:
        for item in self._flight.empty():
            self._settled(item)
            if item.given_up:
                continue
            if item.sent or final:
                item.fail(copy_of(error))
            else:
                self._put_back(item)  # it never reached the socket
        if final:
            self._queue.fail_all(error)
            if error.code == "closed":
                self._queue.stop()


def find_model(models: list[ModelInfo], name: str | None) -> int | None:
    """The index in hello of the model that a request names: ``NAME`` or ``NAME@VERSION``; without, the default."""
    for index, model in enumerate(models):
        if name in (None, model["name"], f"{model['name']}@{model['version']}"):
            return index
    return None
