"""Options of the clients, checked where they are given."""

from __future__ import annotations

import math
import re
import secrets
import ssl as tls
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypedDict, Union
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .status import StatusInfo
from .wire import Notice

Token = Union[str, Callable[[], Union[str, Awaitable[str]]]]
"""A bearer token, or a function that returns one, now or later."""


class Options(TypedDict, total=False):
    """Options that all clients share. Times are in seconds; ``math.inf`` stands for one that never comes."""

    session: str | None
    """Names the stream of requests across reconnects: 16 to 64 of ``A-Za-z0-9_-``. Default: drawn at random."""
    token: Token | None
    """A bearer token, or what returns one: asked before every connection, and before the token ends. Default: none."""
    headers: Mapping[str, str] | None
    """Sent with every handshake. Default: none."""
    ssl: tls.SSLContext | None
    """How ``wss`` is verified, and a client's own certificate. Default: the system's roots."""
    ca_file: str | None
    """A file of certificates (PEM) to trust instead of the system's, where ``ssl`` is not given."""
    proxy: str | None
    """A proxy's address. Default: that of the environment, and none to this machine."""
    connect_timeout: float
    """For one attempt, up to the server's greeting. Default: 10."""
    ping_interval: float
    """Silence after which the server is asked for a sign of life. Default: 15."""
    pong_timeout: float
    """Time for that sign; then the connection counts as lost. Default: 10."""
    close_timeout: float
    """Bounds the goodbye. Default: 2."""
    backoff_min: float
    """Ceiling of the first pause before a reconnect. Default: 1. A small one turns a restart into a stampede."""
    backoff_max: float
    """Ceiling of the longest. Default: 30."""
    max_attempts: float
    """Attempts in a row before the client gives up. Default: no limit."""
    queue_limit: float
    """Messages that may wait for a connection or for room in the window. Default: 16,384."""
    queue_bytes: float
    """Bytes that may wait likewise. Default: 64 MiB."""
    queue_ttl: float
    """How long a message may wait. Default: 30."""
    max_reply: int
    """Bytes of one message from the server; a larger one costs the connection. Default: 8 MiB."""
    on_status: Callable[[StatusInfo], None] | None
    """Called with every change of the status, on the client's event loop; must not block."""
    on_notice: Callable[[Notice], None] | None
    """Called with what the server says that answers no request, notifications included; must not block."""


@dataclass(frozen=True)
class Settings:
    """:class:`Options` with every default filled in."""

    session: str | None = None
    token: Token | None = None
    headers: Mapping[str, str] | None = None
    ssl: tls.SSLContext | None = None
    ca_file: str | None = None
    proxy: str | None = None
    connect_timeout: float = 10.0
    ping_interval: float = 15.0
    pong_timeout: float = 10.0
    close_timeout: float = 2.0
    backoff_min: float = 1.0
    backoff_max: float = 30.0
    max_attempts: float = math.inf
    queue_limit: float = 16_384
    queue_bytes: float = 64 << 20
    queue_ttl: float = 30.0
    max_reply: int = 8 << 20
    on_status: Callable[[StatusInfo], None] | None = None
    on_notice: Callable[[Notice], None] | None = None

    def __post_init__(self) -> None:
        for name in ("connect_timeout", "ping_interval", "pong_timeout", "close_timeout", "backoff_min", "queue_ttl"):
            check_time(name, getattr(self, name))
        for name in ("max_attempts", "max_reply"):
            check_count(name, getattr(self, name))
        for name in ("queue_limit", "queue_bytes"):
            check_count(name, getattr(self, name), least=0)
        if self.backoff_min == math.inf:
            raise ValueError("option backoff_min is inf; to stay away after a failure, let max_attempts be 1")
        if not self.backoff_max >= self.backoff_min:
            raise ValueError(f"option backoff_max is {self.backoff_max}; expected at least backoff_min, {self.backoff_min}")
        if self.token is not None and not callable(self.token) and not (isinstance(self.token, str) and self.token):
            raise TypeError("option token is neither a token, a function that returns one, nor None")
        if self.ssl is not None and self.ca_file is not None:
            raise ValueError("options ssl and ca_file are given both; load the file into the context")


def settings(options: Mapping[str, Any]) -> Settings:
    known = {f.name for f in fields(Settings)}
    for name in options:
        if name not in known:
            raise TypeError(f"there is no option {name}; there are {', '.join(sorted(known))}")
    return Settings(**options)


def check_time(name: str, seconds: Any, unit: str = "seconds") -> None:
    """Refuses what is no length of time above 0."""
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not seconds > 0:
        raise ValueError(f"option {name} is {seconds!r}; expected a number of {unit} above 0")


def check_count(name: str, count: Any, least: int = 1) -> None:
    whole = isinstance(count, (int, float)) and not isinstance(count, bool) and (count == math.inf or count == int(count))
    if not whole or count < least:
        raise ValueError(f"option {name} is {count!r}; expected a whole number of at least {least}")


def check_request(deadline_ms: float | None, top_k: int | None = None, alpha: float | None = None) -> None:
    if deadline_ms is not None:
        check_time("deadline_ms", deadline_ms, "milliseconds")
    if top_k is not None:
        check_count("top_k", top_k)
    if alpha is not None and (not isinstance(alpha, (int, float)) or isinstance(alpha, bool) or not 0 < alpha < 1):
        raise ValueError(f"option alpha is {alpha!r}; expected a number above 0 and below 1")


@dataclass(frozen=True)
class Endpoint:
    """A server's address, completed."""

    url: str
    host: str
    secure: bool
    session: str
    session_is_new: bool
    token: str | None
    """From the address, where others may log it: it is sent as a header instead."""


_SESSION = re.compile(r"[A-Za-z0-9_-]{16,64}")


def endpoint(address: str, path: str, session: str | None) -> Endpoint:
    """Completes an address: ``http`` becomes ``ws``, a path is added where there is none, and the session's name."""
    parts = urlsplit(address)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in ("ws", "wss") or not parts.hostname:
        # Not all of it is shown: it may hold a secret.
        raise ValueError(f"the address of {parts.hostname or 'the server'} does not begin with ws://, wss://, http:// or https://")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    token = query.pop("token", None)
    named = session if session is not None else query.get("session")
    if named is not None and not _SESSION.fullmatch(named):
        raise ValueError(f"the session {named!r} is no name; expected 16 to 64 of A-Z, a-z, 0-9, _ and -")
    name = named or secrets.token_urlsafe(24)
    query["session"] = name
    url = urlunsplit((scheme, parts.netloc, path if parts.path in ("", "/") else parts.path, urlencode(query), ""))
    return Endpoint(url, parts.hostname, scheme == "wss", name, named is None, token)
