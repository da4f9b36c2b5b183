"""Clients that predict and label as clients do: in any order, again and again, wrongly, and over restarts."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from models import Model
from server import PATIENCE

CHUNK = 48
"""Messages in flight on a socket."""
SIZES = [1, 1, 1, 2, 3, 5, 8, 16, 32]
"""Rows in a request."""

Heard = Callable[[dict[str, Any]], None]


@dataclass
class Request:
    """A request that was answered, and what came of its labels."""

    model: Model
    raw_id: str
    caller: str
    rows: list[int]
    truths: list[Any]
    version: str = ""
    predictions: list[Any] = field(default_factory=list)
    shown: list[Any] = field(default_factory=list)
    scores: list[list[float]] = field(default_factory=list)
    sent: Any = None
    """The labels that count, if they do: those that were sent first."""
    acknowledged: float | None = None
    """When the server said that they did."""
    gone: bool = False
    """Its prediction went with a process that was killed."""
    maybe: bool = False
    """Its label may have been kept before the server was killed, or not: nobody was told."""
    number: int = 0
    """How many there were before it."""
    replaced: bool = False
    """A later prediction took its id."""

    def feedback(self, truths: list[Any]) -> str:
        label = f'"label":{json.dumps(truths[0])}' if len(self.rows) == 1 else f'"labels":{json.dumps(truths)}'
        return f'{{"type":"feedback","request_id":{self.raw_id},{label}}}'

    def message(self) -> str:
        rows = [self.model.rows[i] for i in self.rows]
        features = rows[0] if len(rows) == 1 else f"[{','.join(rows)}]"
        return f'{{"request_id":{self.raw_id},"model":"{self.model.name}","detail":["scores"],"features":{features}}}'

    def answered(self, m: dict[str, Any]) -> None:
        assert m["type"] == "prediction", m
        many = len(self.rows) > 1
        self.version = m["version"]
        self.predictions, self.shown, self.scores = (m[k] if many else [m[k]] for k in ("prediction", "confidence", "scores"))


class Link:
    """A session with an address of its own, which comes back after a restart."""

    def __init__(self, number: int) -> None:
        self.caller = f"127.0.0.{number + 2}"
        self.session = f"oracle-session-{number:04}"
        self.requests: dict[str, Request] = {}
        self._next = 0
        self._socket: ClientConnection | None = None

    async def connect(self, address: str) -> None:
        self._socket = await connect(
            f"ws://{address}/ws/predict?session={self.session}",
            local_addr=(self.caller, 0), subprotocols=[Subprotocol("penstock.v1")], compression=None, max_size=None, open_timeout=60, ping_interval=None,
        )
        assert json.loads(await self._socket.recv())["type"] == "hello"

    async def close(self) -> None:
        if self._socket:
            await self._socket.close()

    def fresh_id(self, r: np.random.Generator) -> str:
        """A number, the text of the same digits, or some text: all are ids of their own."""
        self._next += 1
        return [f"{self._next}", f'"{self._next // 2}"', f'"käufer {self._next} \\"{r.integers(10)}\\""'][int(r.integers(3))]

    async def ask(self, messages: Iterable[tuple[str, str, Heard]]) -> None:
        """Sends messages, each with its id and who hears its answer; those of one id are answered in their order."""
        assert self._socket
        socket, chunk = self._socket, list(messages)
        for start in range(0, len(chunk), CHUNK):
            part = chunk[start : start + CHUNK]
            waiting: dict[str, deque[Heard]] = {}
            for raw_id, _, heard in part:
                waiting.setdefault(plain(raw_id), deque()).append(heard)
            sending = asyncio.create_task(self._send([text for _, text, _ in part]))
            try:
                left = len(part)
                while left:
                    m = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
                    if "request_id" in m:
                        waiting[plain(json.dumps(m["request_id"]))].popleft()(m)
                        left -= 1
            finally:
                await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, texts: list[str]) -> None:
        assert self._socket
        for text in texts:
            await self._socket.send(text)


def plain(raw_id: str) -> str:
    """An id as it is written where nothing is escaped that need not be."""
    return json.dumps(json.loads(raw_id), ensure_ascii=False)


class Traffic:
    """All clients, and the ledger of what they were told."""

    def __init__(self, models: list[Model], shares: list[float], r: np.random.Generator, links: int) -> None:
        self.models, self.shares, self.r = models, shares, r
        self.links = [Link(i) for i in range(links)]
        self.said: Counter[str] = Counter()
        self.all: list[Request] = []

    async def connect(self, address: str) -> None:
        for link in self.links:
            await link.connect(address)

    async def close(self) -> None:
        for link in self.links:
            await link.close()

    async def predict(self, rows: int) -> None:
        """Asks for so many rows in all."""
        await asyncio.gather(*(link.ask(self._predictions(link, rows // len(self.links))) for link in self.links))

    def _predictions(self, link: Link, rows: int) -> list[tuple[str, str, Heard]]:
        messages: list[tuple[str, str, Heard]] = []
        while rows > 0:
            model = self.models[self.r.choice(len(self.models), p=self.shares)]
            n = min(int(self.r.choice(SIZES)), rows)
            rows -= n
            chosen = self.r.integers(len(model.rows), size=n).tolist()
            raw_id = link.fresh_id(self.r)
            if raw_id in link.requests:
                continue
            request = Request(model, raw_id, link.caller, chosen, [model.truths[i] for i in chosen], number=len(self.all))
            link.requests[raw_id] = request
            self.all.append(request)
            messages.append((raw_id, request.message(), request.answered))
        return messages

    async def use_ids_again(self, count: int) -> None:
        """Later predictions take the ids of some that wait for a label, and their labels."""
        for link in self.links:
            messages: list[tuple[str, str, Heard]] = []
            waiting = [q for q in link.requests.values() if q.sent is None and not q.gone]
            for i in self.r.choice(len(waiting), min(count, len(waiting)), replace=False):
                old = waiting[i]
                chosen = self.r.integers(len(old.model.rows), size=len(old.rows)).tolist()
                new = Request(old.model, old.raw_id, old.caller, chosen, [old.model.truths[k] for k in chosen], number=len(self.all))
                old.replaced = True
                link.requests[old.raw_id] = new
                self.all.append(new)
                messages.append((new.raw_id, new.message(), new.answered))
            await link.ask(messages)

    async def label(self, share: float, since: int = 0) -> None:
        """Labels a share of what waits, of the requests from that number on, in any order, and much that is wrong
        besides. A connection that is lost ends it."""
        await asyncio.gather(*(self._label(link, self._labels(link, share, since)) for link in self.links))

    async def _label(self, link: Link, messages: list[tuple[str, str, Heard]]) -> None:
        try:
            await link.ask(messages)
        except ConnectionClosed:
            self.said["connection lost"] += 1

    def _labels(self, link: Link, share: float, since: int) -> list[tuple[str, str, Heard]]:
        waiting = [q for q in link.requests.values() if q.sent is None and not q.gone and q.number >= since]
        self.r.shuffle(waiting)  # type: ignore[arg-type]
        messages: list[tuple[str, str, Heard]] = []
        done = [q for q in link.requests.values() if q.acknowledged is not None and not q.gone]
        for q in waiting[: round(share * len(waiting))]:
            dice = self.r.random()
            if dice < 0.03:  # wrong ones first, which do not count
                messages.append((q.raw_id, q.feedback([{"no": "label"}] * len(q.rows)), self._hear("bad_message", "bad_label")))
                messages.append((q.raw_id, q.feedback([*q.truths, q.truths[0]] if len(q.rows) > 1 else ["?"]), self._hear("bad_label")))
            messages.append((q.raw_id, q.feedback(q.truths), self._counts(q)))
            if dice > 0.9:  # again at once, with other labels
                messages.append((q.raw_id, q.feedback(q.truths[::-1]), self._hear("duplicate_feedback")))
            if 0.8 < dice < 0.85 and done:
                old = done[int(self.r.integers(len(done)))]
                messages.append((old.raw_id, old.feedback(old.truths), self._hear("duplicate_feedback")))
            if 0.7 < dice < 0.75:
                raw_id = f'"nobody-{self.r.integers(1 << 40)}"'
                messages.append((raw_id, f'{{"type":"feedback","request_id":{raw_id},"label":1}}', self._hear("unknown_request")))
            q.sent = q.truths
        return messages

    def _hear(self, *codes: str) -> Heard:
        def heard(m: dict[str, Any]) -> None:
            self.said[m.get("code", m["type"])] += 1
            assert m.get("code") in codes, (m, codes)

        return heard

    def _counts(self, q: Request) -> Heard:
        def heard(m: dict[str, Any]) -> None:
            self.said[m.get("code", m["type"])] += 1
            assert m["type"] == "feedback_ok", m
            q.acknowledged = time.monotonic()

        return heard

    async def replay(self, killed: float | None, recent: float, gone: bool = False) -> None:
        """Sends again what was labelled, as after a restart whoever cannot know what arrived does.

        What was acknowledged ``recent`` seconds before the kill or earlier must be there. What came later may be lost,
        and then counts now: once. With gone, predictions may have been lost, too.
        """
        await asyncio.gather(*(link.ask(self._replays(link, killed, recent, gone)) for link in self.links))

    def _replays(self, link: Link, killed: float | None, recent: float, gone: bool) -> list[tuple[str, str, Heard]]:
        labelled = [q for q in link.requests.values() if q.sent is not None and not q.gone]
        chosen = {int(i) for i in self.r.choice(len(labelled), len(labelled) // 10, replace=False)} if labelled else set()
        messages: list[tuple[str, str, Heard]] = []
        for i, q in enumerate(labelled):
            unsure = q.acknowledged is None or killed is not None and q.acknowledged > killed - recent
            if unsure or gone or i in chosen:
                messages.append((q.raw_id, q.feedback(q.truths), self._again(q, unsure, gone)))
        self.r.shuffle(messages)  # type: ignore[arg-type]
        return messages

    def _again(self, q: Request, unsure: bool, gone: bool) -> Heard:
        def heard(m: dict[str, Any]) -> None:
            code = m.get("code", "counts now")
            self.said["replayed: " + code] += 1
            if code == "unknown_request" and gone:
                q.gone = True
                if unsure:
                    q.maybe, q.acknowledged = True, None
                return
            assert code == "duplicate_feedback" or code == "counts now" and unsure, (m, "it was acknowledged long before the server ended")
            q.acknowledged = time.monotonic()

        return heard

    async def label_all(self) -> None:
        """Labels all that waits, to learn what went with a process that was killed."""

        def asks(link: Link) -> list[tuple[str, str, Heard]]:
            return [(q.raw_id, q.feedback(q.truths), self._orphan(q)) for q in link.requests.values() if q.sent is None and not q.gone]

        await asyncio.gather(*(link.ask(asks(link)) for link in self.links))

    def _orphan(self, q: Request) -> Heard:
        def heard(m: dict[str, Any]) -> None:
            code = m.get("code", m["type"])
            self.said[("after a kill: " if code != "feedback_ok" else "") + code] += 1
            assert code in ("unknown_request", "feedback_ok"), m
            if code == "unknown_request":
                q.gone = True
                return
            q.sent, q.acknowledged = q.truths, time.monotonic()

        return heard
