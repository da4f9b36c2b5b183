"""What the server says in JSON, as it stands on the wire.

Field names are those of the protocol; a number is ``None`` where nothing was
measured. Fields that an older server does not send are not required.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union

if TYPE_CHECKING:
    from typing_extensions import NotRequired  # typing has it since Python 3.11

OutputKind = Literal["class", "labels", "values", "vector"]
"""What an output of a model says of a row: a class, any number of labels, numbers, or a vector."""


class OutputInfo(TypedDict):
    """One output of a model."""

    name: str
    kind: OutputKind
    width: int
    classes: NotRequired[list[str]]
    thresholds: NotRequired[list[float]]


class ColumnInfo(TypedDict):
    """One feature of a model that gives its features names."""

    name: str
    kind: str
    categories: NotRequired[list[str]]
    missing: NotRequired[bool]
    unknown: NotRequired[str]


class ModelInfo(TypedDict):
    """A model as the server describes it."""

    name: str
    version: str
    task: str
    features: int
    classes: list[str]
    outputs: NotRequired[list[OutputInfo]]
    columns: NotRequired[list[ColumnInfo]]
    missing: NotRequired[bool]


class Limits(TypedDict):
    """Rows in flight on a connection, rows in a request, bytes in a message."""

    window: int
    max_rows: int
    max_bytes: int


class Hello(TypedDict):
    """The server's greeting. The default model comes first."""

    type: Literal["hello"]
    session: str
    models: list[ModelInfo]
    limits: Limits


class TopClass(TypedDict):
    label: str
    confidence: float


class Identity(TypedDict):
    """Who the server takes a client for."""

    user: str
    scopes: list[str]
    groups: list[str]
    expires: str | None


# A functional definition, since `from` is a word of Python's.
Notice = TypedDict(
    "Notice",
    {
        "type": Literal["notice"],
        "code": str,
        "message": str,
        "expires": "NotRequired[str]",
        "data": "NotRequired[Any]",
        "time": "NotRequired[str]",
        "from": "NotRequired[str]",
        "group": "NotRequired[str]",
    },
)
"""What answers no request; a ``notification`` has ``time``, ``from`` and maybe ``data`` and ``group``."""


class Latency(TypedDict):
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None


class QueueTime(TypedDict):
    p50: float | None
    p99: float | None


class QualityRange(TypedDict):
    """How right the answers of a range of time were."""

    predicted: int
    labelled: int
    forgotten: int
    coverage: float | None
    completeness: float | None
    accuracy: float | None
    accuracy_interval: list[float] | None
    mean_absolute_error: NotRequired[float | None]


class Quality(TypedDict):
    last_5m: QualityRange
    last_1h: QualityRange
    since_start: QualityRange


class LargestLabeller(TypedDict):
    name: str
    share: float
    labels: int


class FiringAlert(TypedDict):
    id: str
    value: float
    worst: float


class ModelMetrics(TypedDict):
    """One model's part of :class:`Metrics`."""

    version: str
    predictions_per_second: float
    model_accuracy: float | None
    accuracy_interval: list[float] | None
    labelled: int
    label_coverage: float | None
    mean_absolute_error: NotRequired[float | None]
    queue_depth: int
    workers_busy: float
    quality: NotRequired[Quality]
    requests_per_second: NotRequired[float]
    error_rate: NotRequired[float]
    shed_per_second: NotRequired[float]
    latency_ms: NotRequired[Latency]
    queue_ms: NotRequired[QueueTime]
    batch_rows: NotRequired[float | None]


class Metrics(TypedDict):
    """The measurements of one second. After a ``subscribe`` that names fields, only those are there."""

    type: Literal["metrics"]
    seq: int
    timestamp: str
    active_connections: int
    active_users: int
    requests_per_second: float
    predictions_per_second: float
    error_rate: float
    shed_per_second: float
    model_accuracy: float | None
    accuracy_interval: list[float] | None
    labelled: int
    label_coverage: float | None
    largest_labeller: NotRequired[LargestLabeller | None]
    latency_ms: Latency
    queue_ms: QueueTime
    queue_depth: int
    batch_rows: float | None
    workers_busy: float
    cpu_usage: float
    process_cpu_usage: NotRequired[float]
    memory_bytes: int
    quality: NotRequired[Quality]
    firing: NotRequired[list[FiringAlert]]
    models: dict[str, ModelMetrics]


class History(TypedDict):
    """The first frame of every connection: up to the last 600 metrics, oldest first."""

    type: Literal["history"]
    points: list[Metrics]


class Alert(TypedDict):
    """A value that went beyond its threshold, or came back."""

    type: Literal["alert"]
    id: NotRequired[str]
    model: NotRequired[str]
    severity: Literal["warning", "critical"]
    metric: str
    value: float
    value_at_firing: NotRequired[float]
    worst: NotRequired[float]
    threshold: float
    message: str
    state: Literal["firing", "resolved"]
    since: str


class Note(TypedDict):
    """A remark on the timeline. Text and author come from people: show them as text."""

    type: Literal["note"]
    text: str
    author: str
    time: str
    group: NotRequired[str]


class Watcher(TypedDict):
    user: str
    sockets: int


class Presence(TypedDict):
    """Who watches; the first hundred users by name."""

    type: Literal["presence"]
    watching: int
    users: list[Watcher]
    group: NotRequired[str]


class Typing(TypedDict):
    """Somebody else writes a note."""

    type: Literal["typing"]
    user: str


Frame = Union[History, Metrics, Alert, Note, Presence, Typing, Notice]
"""What ``/ws/dashboard`` sends. A test of ``frame["type"]`` tells them apart, also to a type checker."""
