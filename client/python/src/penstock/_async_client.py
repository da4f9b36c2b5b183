"""The client for asyncio."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypedDict, Union, cast, overload

import numpy as np

from . import _binary, _decode, _rows
from ._binary import BinaryFeedback, BinaryPrediction
from ._message import RequestId, check_id, encode_feedback, encode_request
from ._options import Options, check_count, check_request, endpoint, settings
from ._requests import Requests
from ._rows import Labels, Row, Rows, Table
from .errors import PenstockError, make_error
from .prediction import Prediction, Predictions, joined
from .status import StatusInfo
from .wire import Hello, Identity

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack


class Detail(TypedDict, total=False):
    """What a request may ask for."""

    model: str | None
    """``NAME`` or ``NAME@VERSION``. Default: the server's first."""
    deadline_ms: float | None
    """Bounds the whole of it, from the call to the answer; the server is told. Default: none."""
    scores: bool
    outputs: bool
    timing: bool
    top_k: int | None
    set: bool
    """Asks for the answers that are likely enough to hold the truth: a set of classes, an interval of numbers. It goes as JSON."""
    alpha: float | None
    """How often they may miss it, between 0 and 1; with ``set``. Default: the server's own."""
    binary: bool | None
    """Whether rows travel as a binary frame. Default: arrays of numbers do, unless ``set`` is asked for; all else is JSON."""


class AsyncClient:
    """Many requests in flight over one WebSocket that comes back by itself.

    Every call ends: with a prediction, with the server's typed error, or, when the
    connection is lost first, with ``connection_lost``. A lost request is never sent
    again by the client: the server may have run it. What was not sent yet, or came
    back as not run because the server is draining, waits for the next connection,
    within bounds.

    It belongs to one event loop, and connects with ``async with``, or with the
    first call.
    """

    def __init__(self, url: str, **options: Unpack[Options]) -> None:
        self._settings = settings(options)
        at = endpoint(url, "/ws/predict", self._settings.session)
        self._session = at.session
        self._requests = Requests(at, self._settings)
        self._link = self._requests.link

    @property
    def session(self) -> str:
        """The name under which labels find their predictions, also after a reconnect."""
        return self._session

    @property
    def status(self) -> StatusInfo:
        return self._link.status

    @property
    def hello(self) -> Hello | None:
        """The server's greeting, with its models and limits; None before the first connection."""
        return self._requests.hello

    @property
    def identity(self) -> Identity | None:
        """Who the server takes this client for, once a token was renewed on a connection."""
        return self._link.sign_in.identity

    @property
    def groups(self) -> list[str]:
        """Those that this connection is in."""
        return list(self._link.groups.joined)

    @property
    def in_flight(self) -> int:
        """Messages that were sent and not answered yet."""
        return self._requests.in_flight

    @property
    def waiting(self) -> int:
        """Messages that wait for a connection or for room in the window."""
        return self._requests.waiting

    async def ready(self, timeout: float | None = None) -> Hello:
        """Waits for a connection, and for the server's greeting; raises when the server refuses, or after so many seconds."""
        await self._link.ready(timeout)
        return cast(Hello, self.hello)

    async def __aenter__(self) -> Self:
        try:
            await self.ready(self._settings.connect_timeout)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection; whatever is not answered fails with ``closed``."""
        await self._link.close()

    def reconnect(self) -> None:
        """Connects anew at once, also after a refusal. A connection that stands is given up for it."""
        self._link.reconnect()

    async def join(self, group: str) -> None:
        """Joins a group: its notifications come too (``on_notice``), also after a reconnect."""
        await self._link.groups.join(group)

    async def leave(self, group: str) -> None:
        """Leaves a group."""
        await self._link.groups.leave(group)

    async def predict(
        self, features: Row, *, request_id: RequestId | None = None, **detail: Unpack[Detail]
    ) -> Prediction:
        """Asks for the prediction of one row.

        A row is numbers in the model's order (an array of numbers goes as a binary
        frame, of uint8 as bytes that the server scales), or a dict or Series by the
        names of its columns. An array may be reused at once.
        """
        binary = _form(request_id, detail)
        rows = _rows.one_row(features, binary)
        reply = await self._ask(rows, False, request_id, detail)
        return reply[0] if isinstance(reply, Predictions) else reply

    async def predict_many(
        self, table: Table, *, request_id: RequestId | None = None, **detail: Unpack[Detail]
    ) -> Predictions:
        """Asks for the predictions of many rows: an array rows × features, a data frame, a list of rows, or a dict of columns.

        More rows than one request may have go in several, in flight together. Where
        one fails, the others are taken back. With a ``request_id`` they go in one.
        """
        binary = _form(request_id, detail)
        rows = _rows.many_rows(table, binary)
        if len(rows) == 0:
            raise make_error("too_many_rows", "a request needs at least one row", got=0)
        if request_id is not None:
            return cast(Predictions, await self._ask(rows, True, request_id, detail))
        if self.hello is None:
            deadline = detail.get("deadline_ms")
            await self.ready(self._settings.queue_ttl if deadline is None else min(deadline / 1000, self._settings.queue_ttl))
        most = self._rows_in_a_request(rows)
        parts = [rows.part(start, start + most) for start in range(0, len(rows), most)]
        if len(parts) == 1:
            return await self._halving(rows, detail)
        return joined(await _all([self._halving(part, detail) for part in parts]))

    def _rows_in_a_request(self, rows: Rows) -> int:
        """So many that several requests fit into the window, and each into a message."""
        limits = cast(Hello, self.hello)["limits"]
        most = min(limits["max_rows"], max(limits["window"] // 4, 64))
        if rows.row_bytes:
            most = min(most, (limits["max_bytes"] - _binary.HEADER.size) // rows.row_bytes)
        return max(most, 1)

    async def _halving(self, rows: Rows, detail: Detail) -> Predictions:
        """How long rows are in JSON is known when they are written."""
        try:
            return cast(Predictions, await self._ask(rows, True, None, detail))
        except PenstockError as error:
            if error.code != "message_too_big" or len(rows) == 1:
                raise
        half = len(rows) // 2
        return joined(await _all([self._halving(rows.part(0, half), detail), self._halving(rows.part(half, len(rows)), detail)]))

    async def stream(
        self,
        source: Union[Iterable[Row], AsyncIterable[Row]],
        *,
        concurrency: int = 64,
        **detail: Unpack[Detail],
    ) -> AsyncIterator[Prediction]:
        """Predicts every row of a source, live or not, and yields the answers in the order of the rows.

        It reads the source no faster than answers are taken, with at most
        ``concurrency`` requests in flight, and raises the first error. A loop that is
        left cancels what is in flight (close it with ``contextlib.aclosing``).
        """
        check_count("concurrency", concurrency)
        rows: AsyncIterator[Row] | None = _each(source)
        pending: deque[asyncio.Task[Prediction]] = deque()
        reading: asyncio.Task[Any] | None = None
        try:
            while True:
                if reading is None and rows is not None and len(pending) < concurrency:
                    reading = asyncio.ensure_future(_next(rows))
                waits: list[asyncio.Task[Any]] = [task for task in (reading, pending[0] if pending else None) if task]
                if not waits:
                    return
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                if pending and pending[0].done():
                    yield pending.popleft().result()
                if reading and reading.done():
                    row = reading.result()
                    reading = None
                    if row is _END:
                        rows = None
                    else:
                        pending.append(asyncio.ensure_future(self.predict(row, **detail)))
        finally:
            left = [*pending, *([reading] if reading else [])]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    @overload
    async def feedback(
        self, of: Union[Prediction, RequestId], label: Any, *, deadline_ms: float | None = None
    ) -> bool | None: ...

    @overload
    async def feedback(
        self, of: Predictions, label: Labels, *, deadline_ms: float | None = None
    ) -> list[bool] | None: ...

    async def feedback(self, of: Any, label: Any, *, deadline_ms: float | None = None) -> Any:
        """Tells the true answer, at any time later, also over another connection.

        ``of`` is a prediction or its ``request_id``, with one label: a class's name, a
        number, a list of the labels that hold, or several numbers; or predictions,
        with a label for each row. Tells whether the prediction was right, None for
        numbers. A label that was given up may have reached the server all the same.
        """
        if isinstance(of, Predictions):
            labels = _plain_label(label)
            if not isinstance(labels, list) or len(labels) != len(of):
                got = len(labels) if isinstance(labels, list) else 1
                raise make_error("bad_label", "there must be one label for each row", expected=len(of), got=got)
            calls, start = [], 0
            for request in of.requests:
                part = labels[start : start + request.rows]
                start += request.rows
                calls.append(self._feedback(request.request_id, part, True, deadline_ms))
            said = await _all(calls)
            return None if any(part is None for part in said) else [right for part in said for right in part]
        request_id = of.request_id if isinstance(of, Prediction) else of
        return await self._feedback(request_id, _plain_label(label), False, deadline_ms)

    async def feedback_rows(
        self, request_id: RequestId, labels: Labels, *, deadline_ms: float | None = None
    ) -> list[bool] | None:
        """Tells a label for each row of a request that had many, by its id."""
        return cast("list[bool] | None", await self._feedback(request_id, _plain_label(labels), True, deadline_ms))

    async def _feedback(self, request_id: RequestId, label: Any, many: bool, deadline_ms: float | None) -> Any:
        check_request(deadline_ms)
        check_id(request_id, False)
        self._requests.check_open(request_id, feedback=True)
        try:
            text = encode_feedback(request_id, label, many)
        except (TypeError, ValueError) as error:
            raise make_error("bad_label", f"{label!r} is no label: {error}") from error
        reply, _, _ = await self._requests.ask("feedback", request_id, 1, text, None, deadline_ms)
        return reply.correct if isinstance(reply, BinaryFeedback) else cast("dict[str, Any]", reply)["correct"]

    async def _ask(
        self, rows: Rows, many: bool, request_id: RequestId | None, detail: Detail
    ) -> Union[Prediction, Predictions]:
        scores, timing, outputs = (detail.get(name, False) for name in ("scores", "timing", "outputs"))
        deadline_ms, top_k, model = detail.get("deadline_ms"), detail.get("top_k"), detail.get("model")
        alpha = detail.get("alpha")
        check_request(deadline_ms, top_k, alpha)
        binary = rows.array is not None
        if request_id is None:
            request_id = self._requests.free_id()
        else:
            check_id(request_id, binary)
            self._requests.check_open(request_id, feedback=False)
        message: Union[str, bytearray]
        if rows.array is not None:
            everything = bool(scores or outputs or top_k is not None)
            message = _binary.encode_request(
                rows.array, cast(int, request_id), deadline_ms=deadline_ms, scores=everything, timing=bool(timing)
            )
        else:
            message = encode_request(
                rows.json(many),
                request_id,
                model=model,
                deadline_ms=deadline_ms,
                scores=bool(scores),
                timing=bool(timing),
                outputs=bool(outputs),
                top_k=top_k,
                set=bool(detail.get("set")),
                alpha=alpha,
            )
        reply, item, took = await self._requests.ask("predict", request_id, len(rows), message, model, deadline_ms)
        asked = _decode.Asked(request_id, len(rows), took, bool(scores), bool(timing), bool(outputs), top_k or 0)
        if isinstance(reply, BinaryPrediction):
            assert item.model is not None  # a binary message is sent with a model alone
            return _decode.rows_from_binary(reply, item.model, asked)
        said = cast("dict[str, Any]", reply)
        return _decode.rows_from_json(said, item.model, asked) if many else _decode.row_from_json(said, item.model, asked)


def _form(request_id: RequestId | None, detail: Detail) -> bool | None:
    """Whether rows must, may or must not travel as a binary frame, which has neither ids of text nor sets."""
    unknown = sorted(set(detail) - set(Detail.__annotations__))
    if unknown:
        raise TypeError(f"there is no option {unknown[0]}; expected one of {', '.join(Detail.__annotations__)}")
    if detail.get("alpha") is not None and not detail.get("set"):
        raise make_error("bad_message", "the option alpha is of a set, which is not asked for; give set=True as well")
    if detail.get("set"):
        if detail.get("binary"):
            raise make_error("bad_message", "sets are asked for in JSON; leave out binary=True")
        return False
    return False if isinstance(request_id, str) else detail.get("binary")


async def _all(calls: Sequence[Any]) -> list[Any]:
    """Waits for all; when one fails the others are taken back."""
    tasks = [asyncio.ensure_future(c) for c in calls]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


_END = object()


async def _each(source: Union[Iterable[Row], AsyncIterable[Row]]) -> AsyncIterator[Row]:
    if isinstance(source, AsyncIterable):
        async for row in source:
            yield row
    else:
        for row in source:
            yield row


async def _next(rows: AsyncIterator[Row]) -> Any:
    try:
        return await rows.__anext__()
    except StopAsyncIteration:
        return _END


def _plain_label(label: Any) -> Any:
    """A label as JSON says it."""
    if isinstance(label, np.ndarray):
        return label.tolist()
    if isinstance(label, np.generic):
        return label.item()
    if hasattr(label, "to_numpy"):  # a Series
        return _plain_label(label.to_numpy())
    if isinstance(label, (list, tuple)):
        return [_plain_label(one) for one in label]
    return label
