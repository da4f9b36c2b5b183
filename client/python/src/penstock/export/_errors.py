"""What can go wrong with an export."""

from __future__ import annotations


class ExportError(ValueError):
    """The model cannot be made ready as it is; the text says what to do."""
