"""What a model says of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._message import RequestId
from .wire import OutputKind, TopClass


@dataclass(frozen=True, slots=True)
class Timing:
    """Where a request's time went, on the server, in microseconds."""

    queue_us: int
    """Until the first batch with a row of this request began."""
    compute_us: int
    """That the last one ran."""
    batch_rows: int | None
    """Rows of that batch; None in answers to binary requests, which do not tell."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one output of a model says of one row. What its :attr:`kind` does not have is None."""

    kind: OutputKind
    label: str | None = None
    """Of ``class``: its name."""
    confidence: float | None = None
    """Of ``class``: its probability, where the model gives one."""
    labels: list[str] | None = None
    """Of ``labels``: those that hold."""
    confidences: list[float] | None = None
    """Of ``labels``: the probability of each of them."""
    value: float | None = None
    """Of ``values``: the first number, and the only one of most models."""
    values: NDArray[np.float32] | None = None
    """Of ``values``: all of them."""
    vector: NDArray[np.float32] | None = None
    """Of ``vector``."""
    scores: NDArray[np.float32] | None = None
    """What the model computed; when asked for."""


@dataclass(frozen=True, slots=True)
class Prediction(Answer):
    """The answer to one row: what the first output says, and where it comes from."""

    top: list[TopClass] | None = None
    """The best classes, best first; when asked for."""
    set: list[str] | None = None
    """Of ``class``: those that are likely enough; when asked for."""
    interval: tuple[float, float] | None = None
    """Of ``values``: between which numbers the first is likely enough to be; when asked for, and the server has enough labels."""
    intervals: NDArray[np.float64] | None = None
    """Of ``values``: those of all numbers, values × 2, which hold the truth together."""
    alpha: float | None = None
    """How often the set or the intervals may miss the truth; when they were asked for."""
    outputs: dict[str, Answer] | None = None
    """What each output says, by its name; when asked for."""
    timing: Timing | None = None
    model: str = ""
    version: str = ""
    request_id: RequestId = 0
    """What a label is sent for."""
    round_trip_ms: float = 0.0
    """From the message's way out to the reply's way in."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one output says of many rows, as columns. What its :attr:`kind` does not have is None."""

    kind: OutputKind
    rows: int
    label: NDArray[Any] | None = None
    """Of ``class``: names, as an array of str."""
    confidence: NDArray[np.float32] | None = None
    """Of ``class``; NaN where the model gives none."""
    labels: list[list[str]] | None = None
    confidences: list[list[float]] | None = None
    values: NDArray[np.float32] | None = None
    """Of ``values``: one for each row or, where the output is wider, rows × width."""
    vector: NDArray[np.float32] | None = None
    """Of ``vector``: rows × width."""
    scores: NDArray[np.float32] | None = None
    """Rows × scores; when asked for."""

    def __len__(self) -> int:
        return self.rows

    def _answer(self, row: int) -> dict[str, Any]:
        said: dict[str, Any] = {"kind": self.kind}
        if self.label is not None:
            said["label"] = str(self.label[row])
        if self.confidence is not None:
            sure = float(self.confidence[row])
            said["confidence"] = None if sure != sure else sure
        if self.labels is not None and self.confidences is not None:
            said["labels"], said["confidences"] = self.labels[row], self.confidences[row]
        if self.values is not None:
            values = np.atleast_1d(self.values[row])
            said["value"], said["values"] = float(values[0]), values
        if self.vector is not None:
            said["vector"] = self.vector[row]
        if self.scores is not None:
            said["scores"] = self.scores[row]
        return said


@dataclass(frozen=True, slots=True)
class Request:
    """A request that rows travelled in: what labels for them are sent for."""

    request_id: RequestId
    rows: int
    timing: Timing | None
    round_trip_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class Predictions(Answers):
    """The answers to many rows, in their order: columns, and with an index or in a loop a :class:`Prediction` each."""

    top: list[list[TopClass]] | None = None
    set: list[list[str]] | None = None
    """Of ``class``: those that are likely enough, of each row; when asked for."""
    intervals: NDArray[np.float64] | None = None
    """Of ``values``: rows × 2 or, where the output is wider, rows × width × 2; when asked for, NaN where the server had too few labels."""
    alpha: NDArray[np.float64] | None = None
    """How often the set or the intervals of each row may miss the truth; when they were asked for."""
    outputs: dict[str, Answers] | None = None
    model: str = ""
    version: str = ""
    requests: tuple[Request, ...] = field(default=())
    """The requests that the rows travelled in, one after the other."""

    def __getitem__(self, row: int) -> Prediction:
        if not -self.rows <= row < self.rows:
            raise IndexError(f"row {row} of {self.rows}")
        row %= self.rows
        request = self._request(row)
        return Prediction(
            **self._answer(row),
            top=None if self.top is None else self.top[row],
            set=None if self.set is None else self.set[row],
            **intervals_of(None if self.intervals is None else self.intervals[row]),
            alpha=None if self.alpha is None else float(self.alpha[row]),
            outputs=None if self.outputs is None else {n: Answer(**o._answer(row)) for n, o in self.outputs.items()},
            timing=request.timing,
            model=self.model,
            version=self.version,
            request_id=request.request_id,
            round_trip_ms=request.round_trip_ms,
        )

    def __iter__(self) -> Iterator[Prediction]:
        return (self[row] for row in range(self.rows))

    def _request(self, row: int) -> Request:
        for request in self.requests:
            if row < request.rows:
                return request
            row -= request.rows
        raise IndexError("no request has this row")


def intervals_of(ends: NDArray[np.float64] | None) -> dict[str, Any]:
    """What a prediction says of its intervals: there are none where the server had too few labels."""
    if ends is None or np.isnan(ends).any():
        return {"interval": None, "intervals": None}
    each = ends.reshape(-1, 2)
    return {"interval": (float(each[0, 0]), float(each[0, 1])), "intervals": each}


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Puts the answers of several requests one after the other."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    return Predictions(
        **_join(parts),
        top=None if first.top is None else [row for p in parts for row in p.top or ()],
        set=None if first.set is None else [row for p in parts for row in p.set or ()],
        intervals=None if first.intervals is None else np.concatenate([p.intervals for p in parts if p.intervals is not None]),
        alpha=None if first.alpha is None else np.concatenate([p.alpha for p in parts if p.alpha is not None]),
        outputs=None
        if first.outputs is None
        else {name: Answers(**_join([p.outputs[name] for p in parts if p.outputs])) for name in first.outputs},
        model=first.model,
        version=parts[-1].version,
        requests=tuple(request for p in parts for request in p.requests),
    )


def _join(parts: Sequence[Answers]) -> dict[str, Any]:
    whole: dict[str, Any] = {"kind": parts[0].kind, "rows": sum(p.rows for p in parts)}
    for name in ("label", "confidence", "values", "vector", "scores", "labels", "confidences"):
        column = [getattr(p, name) for p in parts]
        if column[0] is None:
            continue
        if isinstance(column[0], list):
            whole[name] = [row for part in column for row in part]
        else:
            whole[name] = np.concatenate(column)
    return whole
