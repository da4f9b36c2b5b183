"""Forests of scikit-learn in a file that the server reads.

scikit-learn has no file format of its own but Python's pickle. Here the trees of an
estimator are written as arrays: see the Go package weights/forest for the format.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._sklearn_trees import KINDS, Forest, UnsupportedForest

__all__ = ["UnsupportedForest", "forest_bytes", "write_forest"]

Categories = Sequence[Sequence[str] | None]


def forest_bytes(estimator: Any, *, names: Sequence[str] | None = None, categories: Categories | None = None) -> bytes:
    """The file of a fitted estimator of scikit-learn, 1.3 or later.

    Supported are decision and extra trees, random forests, extra trees forests,
    gradient boosting, histogram gradient boosting and isolation forests. What the
    server gives for a row is what the estimator gives for the same float32 numbers:

    - classifiers: ``predict_proba``; of two classes, the column of the second;
    - regressors: ``predict``;
    - isolation forests: the anomaly score ``-score_samples``, which is
      ``2 ** -(E(h(x)) / c(max_samples))`` of Liu, Ting and Zhou, 2008, section 2.

    ``names`` are those of the columns; without, the ones of the data frame that the
    estimator was fitted with are taken. ``categories`` are, for each column, the names
    of the categories whose places in the list the estimator was fitted with as numbers,
    or None. Those that histogram gradient boosting encodes itself it knows already.

    Raises UnsupportedForest where an estimator, or a part of it, cannot be written.
    """
    kind = type(estimator).__name__
    if kind not in KINDS:
        raise UnsupportedForest(f"{kind} is no forest that can be written; expected one of {', '.join(sorted(KINDS))}")
    if not hasattr(estimator, "n_features_in_"):
        raise UnsupportedForest(f"the {kind} is not fitted; call fit first")
    forest: Forest = KINDS[kind](estimator)
    if names is None:
        names = getattr(estimator, "feature_names_in_", None)
    if names is not None and len(names) != forest.features:
        raise ValueError(f"{len(names)} names; the {kind} has {forest.features} features")
    if categories is not None:
        if len(categories) != forest.features:
            raise ValueError(f"categories of {len(categories)} columns; the {kind} has {forest.features} features")
        own = forest.categories or [None] * forest.features
        forest.categories = [mine or (list(given) if given is not None else None) for mine, given in zip(own, categories, strict=True)]
    return _written(forest, None if names is None else [str(name) for name in names])


def write_forest(
    path: str | os.PathLike[str], estimator: Any, *, names: Sequence[str] | None = None, categories: Categories | None = None
) -> None:
    """Writes what forest_bytes returns; the server knows the file by the extension .forest."""
    data = forest_bytes(estimator, names=names, categories=categories)
    with open(path, "wb") as file:
        file.write(data)


def _about(forest: Forest, names: list[str] | None) -> dict[str, Any]:
    about: dict[str, Any] = {"version": 1, "features": forest.features, "outputs": forest.outputs, "library": "scikit-learn"}
    about["library_version"] = _library_version()
    for name in ("begin", "divide", "link", "slope", "missing"):
        if getattr(forest, name):
            about[name] = getattr(forest, name)
    if names is None and forest.categories is not None and any(forest.categories):
        names = [f"x{i}" for i in range(forest.features)]
    if names is None:
        return about
    about["columns"] = []
    for i, name in enumerate(names):
        column: dict[str, Any] = {"name": name, "missing": True} if forest.missing else {"name": name}
        own = None if forest.categories is None else forest.categories[i]
        if own is not None:
            column.update(kind="category", categories=own)
            if forest.missing:
                column["unknown"] = "missing"
        about["columns"].append(column)
    return about


def _library_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("scikit-learn")
    except PackageNotFoundError:
        return ""


def _written(forest: Forest, names: list[str] | None) -> bytes:
    trees = forest.trees

    def joined(parts: list[npt.NDArray[Any]], dtype: str) -> npt.NDArray[Any]:
        return np.concatenate([np.ravel(part) for part in parts] or [np.zeros(0)]).astype(dtype)

    arrays: dict[str, npt.NDArray[Any]] = {
        "leaf.value": joined([t.leaves for t in trees], "<f8"),
        "node.threshold": joined([t.threshold for t in trees], "<f8"),
        "tree.nodes": np.array([len(t.feature) for t in trees], "<i4"),
        "tree.leaves": np.array([len(t.leaves) for t in trees], "<i4"),
        "tree.sum": np.array([0 if forest.sums == 1 else t.sum for t in trees], "<i4"),
        "node.feature": joined([t.feature for t in trees], "<i4"),
        "node.left": joined([t.left for t in trees], "<i4"),
        "node.right": joined([t.right for t in trees], "<i4"),
    }
    if forest.sets:
        arrays["node.set"] = joined([t.set for t in trees], "<i4")
        arrays["set.begin"] = np.cumsum([0] + [len(s) for s in forest.sets]).astype("<i4")
        arrays["set.words"] = joined(list(forest.sets), "<u4").view("<i4")
    arrays["node.missing"] = joined([t.missing for t in trees], "u1")
    types = {"<f8": "F64", "<i4": "I32", "|u1": "U8"}
    header: dict[str, Any] = {"__metadata__": {"penstock.forest": json.dumps(_about(forest, names))}}
    at = 0
    for name, array in arrays.items():
        header[name] = {"dtype": types[array.dtype.str], "shape": [len(array)], "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *(array.tobytes() for array in arrays.values())])
