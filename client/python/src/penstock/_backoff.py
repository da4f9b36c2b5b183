"""Paces reconnects."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Full jitter under a ceiling that doubles with every failure.

    After Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """

    def __init__(self, least: float, most: float, draw: Callable[[], float] = random.random) -> None:
        self._least = least
        self._most = most
        self._draw = draw
        self._ceiling = 0.0  # of the last pause; zero at rest

    def next(self) -> float:
        """Draws the pause before the next attempt."""
        self._ceiling = min(2 * self._ceiling, self._most) if self._ceiling else self._least
        return self._draw() * min(self._ceiling, 1e9)

    def lived(self, seconds: float) -> None:
        """Tells how long a connection lasted.

        One that outlived the last ceiling was a success; one that was shut at once
        was another failure, and must not start the ladder anew.
        """
        if seconds > self._ceiling:
            self._ceiling = 0.0
