"""The categories that a pipeline's encoders were fitted with."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._sample import Sample


def take_encoders(model: Any, sample: Sample) -> None:
    """Categories that encoders were fitted with, and whether they take others."""
    for encoder, places in encoders(model, sample):
        ignores = getattr(encoder, "handle_unknown", "error") != "error"
        for at, known in zip(places, encoder.categories_, strict=False):
            column = sample.columns[at]
            there = [v for v in known.tolist() if v is not None and v == v]
            if column.values is None:
                continue  # numbers stay numbers
            texts = all(isinstance(v, str) for v in there)
            more = [v for v in column.values if v not in there] if ignores and not texts else []
            sample.use_categories(at, [*there, *more], unknown="own" if ignores and texts and column.dtype != "category" else column.unknown)
            if len(there) < len(known):
                column.missing = True
    for column in sample.columns:
        if column.missing and column.dtype in ("int64", "bool"):
            column.dtype = "float64"


def encoders(model: Any, sample: Sample) -> list[tuple[Any, list[int]]]:
    """Encoders of a pipeline that are given columns of the sample, and which."""
    return _encoders(model, list(range(sample.features)), sample)


def has_columns(model: Any) -> bool:
    """Whether a model begins with what takes its columns apart."""
    kind = type(model).__name__
    return kind == "ColumnTransformer" or kind == "Pipeline" and has_columns(model.steps[0][1])


def _encoders(model: Any, places: list[int], sample: Sample) -> list[tuple[Any, list[int]]]:
    kind = type(model).__name__
    if kind in ("OneHotEncoder", "OrdinalEncoder", "TargetEncoder"):
        return [(model, places)] if len(getattr(model, "categories_", ())) == len(places) else []
    if kind == "Pipeline":
        found = []
        for _, step in model.steps:
            found += _encoders(step, places, sample)
            if type(step).__name__ not in ("SimpleImputer", "FunctionTransformer", "str", "NoneType"):
                break
        return found
    if kind == "ColumnTransformer":
        names = [c.name for c in sample.columns]
        found = []
        for _, step, columns in model.transformers_:
            if isinstance(step, str):
                continue
            found += _encoders(step, _places(columns, names), sample)
        return found
    return []


def _places(columns: Any, names: list[str]) -> list[int]:
    if isinstance(columns, (str, int)):
        columns = [columns]
    if isinstance(columns, slice):
        return list(range(len(names)))[columns] if not isinstance(columns.start, str) else []
    chosen = list(columns)
    if chosen and all(isinstance(c, (bool, np.bool_)) for c in chosen):
        return [i for i, c in enumerate(chosen) if c]
    return [names.index(c) if isinstance(c, str) else int(c) for c in chosen if not isinstance(c, str) or c in names]
