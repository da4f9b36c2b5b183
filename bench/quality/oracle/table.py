"""The table of what the server tells beside what libraries compute."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MOST = 1e-9
SINGLE = 2.0**-24
"""Of means of numbers below 1 that are kept as float32: half of its last digit."""


@dataclass
class Line:
    model: str
    measure: str
    server: Any
    library: Any
    difference: float
    by: str
    compared: int
    most: float = MOST

    @property
    def beyond(self) -> bool:
        return not self.difference <= self.most


@dataclass
class Table:
    lines: list[Line] = field(default_factory=list)

    def add(self, model: str, measure: str, server: Any, library: Any, by: str, most: float = MOST) -> None:
        """Compares numbers, or lists of them: of a list the pair that is farthest apart is shown."""
        pairs = list(zip(flat(server), flat(library))) if len(flat(server)) == len(flat(library)) else []
        if not pairs:
            same_nothing = flat(server) == flat(library)
            self.lines.append(Line(model, measure, server, library, 0 if same_nothing else math.inf, by, 0))
            return
        apart = [distance(s, l) for s, l in pairs]
        at = int(np.argmax(apart))
        self.lines.append(Line(model, measure, *pairs[at], apart[at], by, len(pairs), most))

    def beyond(self) -> list[Line]:
        return [line for line in self.lines if line.beyond]

    def markdown(self) -> str:
        rows = ["| model | measure | numbers | server | library | difference | computed by |", "|---|---|--:|--:|--:|--:|---|"]
        for l in self.lines:
            mark = " **beyond**" if l.beyond else ""
            rows.append(f"| {l.model} | {l.measure} | {l.compared} | {shown(l.server)} | {shown(l.library)} | {l.difference:.1e}{mark} | {l.by} |")
        return "\n".join(rows)


def flat(x: Any) -> list[Any]:
    if isinstance(x, np.ndarray):
        x = x.tolist()
    if isinstance(x, (list, tuple)):
        return [one for part in x for one in flat(part)]
    return [x]


def distance(a: Any, b: Any) -> float:
    """0 of two texts, flags or nothings that are the same."""
    if a is None or b is None or isinstance(a, str) or isinstance(b, str):
        return 0 if a == b else math.inf
    return abs(float(a) - float(b))


def shown(x: Any) -> str:
    if isinstance(x, (list, tuple)):
        return f"{len(x)} numbers"
    if isinstance(x, float):
        return f"{x:.12g}"
    return str(x)
