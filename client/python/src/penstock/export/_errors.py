"""What is wrong with what was given to export."""


class ExportError(ValueError):
    """A model that cannot be exported as it was asked, and what to do about it."""
