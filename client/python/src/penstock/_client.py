"""The client for programs without an event loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, Union, overload

from ._async_client import AsyncClient, Detail
from ._message import RequestId
from ._options import Options, check_count
from ._rows import Labels, Row, Table
from ._thread import LoopThread
from .prediction import Prediction, Predictions
from .status import StatusInfo
from .wire import Hello, Identity

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack


class Client:
    """Many requests in flight over one WebSocket that comes back by itself; an :class:`AsyncClient` on a thread of its own.

    All its methods may be called from any thread but its own, which calls
    ``on_status`` and ``on_notice``. A process that forks makes its clients after
    that.
    """

    def __init__(self, url: str, **options: Unpack[Options]) -> None:
        self._client = AsyncClient(url, **options)
        self._thread = LoopThread("penstock-client")
        self._thread.call(self._client._link.start)

    @property
    def session(self) -> str:
        """The name under which labels find their predictions, also after a reconnect."""
        return self._client.session

    @property
    def status(self) -> StatusInfo:
        return self._client.status

    @property
    def hello(self) -> Hello | None:
        """The server's greeting, with its models and limits; None before the first connection."""
        return self._client.hello

    @property
    def identity(self) -> Identity | None:
        """Who the server takes this client for, once a token was renewed on a connection."""
        return self._client.identity

    @property
    def groups(self) -> list[str]:
        """Those that this connection is in."""
        return self._client.groups

    def ready(self, timeout: float | None = None) -> Hello:
        """Waits for a connection, and for the server's greeting; raises when the server refuses, or after so many seconds."""
        return self._thread.run(self._client.ready(timeout))

    def __enter__(self) -> Self:
        try:
            self.ready(self._client._settings.connect_timeout)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; whatever is not answered fails with ``closed``."""
        self._thread.stop(self._client.close())

    def reconnect(self) -> None:
        """Connects anew at once, also after a refusal. A connection that stands is given up for it."""
        self._thread.call(self._client.reconnect)

    def join(self, group: str) -> None:
        """Joins a group: its notifications come too (``on_notice``), also after a reconnect."""
        self._thread.run(self._client.join(group))

    def leave(self, group: str) -> None:
        """Leaves a group."""
        self._thread.run(self._client.leave(group))

    def predict(
        self, features: Row, *, request_id: RequestId | None = None, **detail: Unpack[Detail]
    ) -> Prediction:
        """Asks for the prediction of one row, and waits for it; see :meth:`AsyncClient.predict`."""
        return self._thread.run(self._client.predict(features, request_id=request_id, **detail))

    def submit(
        self, features: Row, *, request_id: RequestId | None = None, **detail: Unpack[Detail]
    ) -> Future[Prediction]:
        """As :meth:`predict`, without the wait: many may be in flight. Cancelling the future takes the request back.

        The array must stay as it is until the future is done.
        """
        return self._thread.submit(self._client.predict(features, request_id=request_id, **detail))

    def predict_many(
        self, table: Table, *, request_id: RequestId | None = None, **detail: Unpack[Detail]
    ) -> Predictions:
        """Asks for the predictions of many rows, and waits for all; see :meth:`AsyncClient.predict_many`."""
        return self._thread.run(self._client.predict_many(table, request_id=request_id, **detail))

    def stream(self, source: Iterable[Row], *, concurrency: int = 64, **detail: Unpack[Detail]) -> Iterator[Prediction]:
        """Predicts every row of a source, and yields the answers in the order of the rows.

        It reads the source no faster than answers are taken, with at most
        ``concurrency`` requests in flight, and raises the first error. A loop that is
        left cancels what is in flight.
        """
        check_count("concurrency", concurrency)
        pending: deque[Future[Prediction]] = deque()
        try:
            for row in source:
                pending.append(self.submit(row, **detail))
                if len(pending) >= concurrency:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()

    @overload
    def feedback(
        self, of: Union[Prediction, RequestId], label: Any, *, deadline_ms: float | None = None
    ) -> bool | None: ...

    @overload
    def feedback(
        self, of: Predictions, label: Labels, *, deadline_ms: float | None = None
    ) -> list[bool] | None: ...

    def feedback(self, of: Any, label: Any, *, deadline_ms: float | None = None) -> Any:
        """Tells the true answer, at any time later; see :meth:`AsyncClient.feedback`."""
        return self._thread.run(self._client.feedback(of, label, deadline_ms=deadline_ms))

    def feedback_rows(
        self, request_id: RequestId, labels: Labels, *, deadline_ms: float | None = None
    ) -> list[bool] | None:
        """Tells a label for each row of a request that had many, by its id."""
        return self._thread.run(self._client.feedback_rows(request_id, labels, deadline_ms=deadline_ms))
