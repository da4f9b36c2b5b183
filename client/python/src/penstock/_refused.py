"""What a handshake that failed says."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime

from websockets.exceptions import InvalidStatus


def refusal(error: Exception, token: str | None) -> tuple[bool, str, float]:
    """Whether it is final, why in words, and how many seconds the server asked to be left alone.

    Only an answer about who we are is final: anything else may come from a proxy in
    the middle of a roll-out.
    """
    if not isinstance(error, InvalidStatus):
        if isinstance(error, TimeoutError) and not str(error):
            return False, "the handshake took too long", 0.0
        return False, str(error) or repr(error), 0.0
    response = error.response
    why = f"the handshake was answered with HTTP status {response.status_code}"
    try:
        problem = json.loads(response.body or b"")
        why += f": {problem.get('detail') or problem['title']}"
    except (ValueError, KeyError, AttributeError):
        pass
    if token:
        why = why.replace(token, "…")
    return response.status_code in (401, 403), why, _retry_after(response.headers.get("Retry-After"))


def _retry_after(header: str | None) -> float:
    """Reads a header's seconds, or its date; zero for none."""
    if header is None:
        return 0.0
    try:
        return float(min(max(int(header), 0), 3600))
    except ValueError:
        pass
    try:
        return min(max(parsedate_to_datetime(header).timestamp() - time.time(), 0.0), 3600.0)
    except ValueError:
        return 0.0
