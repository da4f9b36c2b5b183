"""Models as ONNX graphs."""

from __future__ import annotations

from typing import Any

from ._plan import NotThisWayError, Plan
from ._sample import Sample


def sklearn(model: Any, sample: Sample, classes: list[Any] | None) -> Plan:
    raise NotThisWayError("ONNX is not written yet")
