"""Predictions, labels and live measurements of a Penstock server, and models made ready for it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ._async_client import AsyncClient, Detail
from ._client import Client
from ._dashboard import AsyncDashboard, Dashboard
from ._message import RequestId
from ._options import Options, Token
from .errors import (
    CLIENT_CODES,
    SERVER_CODES,
    ConnectionLostError,
    DeadlineError,
    FeaturesError,
    OverloadedError,
    PenstockError,
)
from .prediction import Answer, Answers, Prediction, Predictions, Request, Timing
from .status import Status, StatusInfo

if TYPE_CHECKING:
    from .export import export as export

__all__ = [
    "CLIENT_CODES",
    "SERVER_CODES",
    "Answer",
    "Answers",
    "AsyncClient",
    "AsyncDashboard",
    "Client",
    "ConnectionLostError",
    "Dashboard",
    "DeadlineError",
    "Detail",
    "FeaturesError",
    "Options",
    "OverloadedError",
    "PenstockError",
    "Prediction",
    "Predictions",
    "Request",
    "RequestId",
    "Status",
    "StatusInfo",
    "Timing",
    "Token",
    "export",
]

__version__ = "0.1.0"


class _Package(ModuleType):
    """``penstock.export`` is the function, loaded with its first use: those who only predict need none of its libraries.

    Importing the module of the same name would else put that in its place.
    """

    @property
    def export(self) -> Any:
        from importlib import import_module

        return import_module("penstock.export").export

    @export.setter
    def export(self, module: Any) -> None:
        pass


sys.modules[__name__].__class__ = _Package
