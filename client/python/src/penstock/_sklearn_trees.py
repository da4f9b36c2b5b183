"""The trees of scikit-learn's estimators, taken out of them.

Estimators are told apart by the names of their classes, so that scikit-learn is not
imported; what is read of them is private, and was tried with versions 1.3 to 1.9.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

ALL = -1  # the sum of trees whose leaves have a value for each


class UnsupportedForest(TypeError):
    """The estimator is no forest that can be written, or one with a part that cannot."""


@dataclass
class Tree:
    feature: Ints
    threshold: Floats
    missing: npt.NDArray[np.uint8]
    left: Ints
    right: Ints
    set: Ints
    leaves: Floats  # (leaves,), or (leaves, sums)
    sum: int = ALL


@dataclass
class Forest:
    features: int
    outputs: list[dict[str, Any]]
    missing: bool = False
    trees: list[Tree] = field(default_factory=list)
    sets: list[npt.NDArray[np.uint32]] = field(default_factory=list)
    # Sums go through these, in this order: see trees.Forest of the server.
    begin: list[float] = field(default_factory=list)
    divide: float = 0
    link: str = ""
    slope: float = 0
    categories: list[list[str] | None] | None = None

    @property
    def sums(self) -> int:
        return sum(int(output["width"]) for output in self.outputs)


def _output(name: str, classes: Any) -> dict[str, Any]:
    names = [str(c) for c in classes]
    if len(names) < 2:
        raise UnsupportedForest(f"the estimator was fitted with one class only, {names}; fit it with two at least")
    return {"name": name, "kind": "class", "width": 1 if len(names) == 2 else len(names), "classes": names}


def _values(width: int) -> list[dict[str, Any]]:
    return [{"name": "prediction", "kind": "values", "width": width}]


def _allows_missing(estimator: Any) -> bool:
    if getattr(estimator, "monotonic_cst", None) is not None:
        return False
    if hasattr(estimator, "__sklearn_tags__"):
        return bool(estimator.__sklearn_tags__().input_tags.allow_nan)
    return bool(estimator._get_tags()["allow_nan"])


def _numbered(inner: npt.NDArray[np.bool_]) -> Ints:
    """What a node is called by its parent: its place among the inner nodes, or -1 minus that among the leaves."""
    leaves = np.cumsum(~inner, dtype=np.int32)
    return np.where(inner, np.cumsum(inner, dtype=np.int32) - 1, -leaves).astype(np.int32)


def _plain_tree(tree: Any, features: Any = None) -> tuple[Tree, npt.NDArray[np.bool_]]:
    """A tree of sklearn.tree without the values of its leaves, and which nodes are leaves."""
    nodes = tree.__getstate__()["nodes"]
    if "missing_go_to_left" not in nodes.dtype.names:
        raise UnsupportedForest("the estimator is of a scikit-learn older than 1.3; fit it again with a later one")
    inner = nodes["left_child"] != -1
    own, called = nodes[inner], _numbered(inner)
    feature = own["feature"] if features is None else np.asarray(features)[own["feature"]]
    n = len(own)
    return (
        Tree(
            feature=feature.astype(np.int32),
            threshold=own["threshold"].astype(np.float64),
            missing=own["missing_go_to_left"].astype(np.uint8),
            left=called[own["left_child"]],
            right=called[own["right_child"]],
            set=np.full(n, -1, np.int32),
            leaves=np.zeros(0),
        ),
        ~inner,
    )


def _trees(estimator: Any) -> Forest:
    """Decision trees and forests of them: the mean of what the trees say."""
    trees = getattr(estimator, "estimators_", None)
    n_outputs = int(estimator.n_outputs_)
    columns: list[Any]
    if hasattr(estimator, "classes_"):
        classes = [estimator.classes_] if n_outputs == 1 else estimator.classes_
        outputs = [_output("prediction" if n_outputs == 1 else f"prediction {i}", c) for i, c in enumerate(classes)]
        columns = [(i, slice(1, 2) if o["width"] == 1 else slice(0, o["width"])) for i, o in enumerate(outputs)]
    else:
        outputs, columns = _values(n_outputs), [(i, slice(0, 1)) for i in range(n_outputs)]
    forest = Forest(int(estimator.n_features_in_), outputs, _allows_missing(estimator))
    for member in [estimator] if trees is None else trees:
        tree, leaf = _plain_tree(member.tree_)
        values = member.tree_.value[leaf]
        tree.leaves = np.concatenate([values[:, i, of] for i, of in columns], axis=1)
        forest.trees.append(tree)
    forest.divide = 0 if trees is None else len(trees)
    return forest


def _gradient_boosting(estimator: Any) -> Forest:
    kind = type(getattr(estimator, "init_", None)).__name__
    if kind not in ("DummyClassifier", "DummyRegressor", "str"):
        raise UnsupportedForest(f"gradient boosting that begins with a {kind}: the server's begins with constants; leave out init")
    forest = Forest(int(estimator.n_features_in_), _values(1))
    if hasattr(estimator, "classes_"):
        forest.outputs = [_output("prediction", estimator.classes_)]
        forest.link = "sigmoid" if forest.sums == 1 else "softmax"
        forest.slope = 2 if estimator.loss == "exponential" else 0
    forest.begin = [float(x) for x in estimator._raw_predict_init(np.zeros((1, forest.features), np.float32))[0]]
    for stage in estimator.estimators_:
        for k, member in enumerate(stage):
            tree, leaf = _plain_tree(member.tree_)
            tree.leaves, tree.sum = estimator.learning_rate * member.tree_.value[leaf, 0, 0], k
            forest.trees.append(tree)
    return forest


_LINKS = {"IdentityLink": "", "LogLink": "exp", "LogitLink": "sigmoid", "MultinomialLogit": "softmax"}


def _hist_gradient_boosting(estimator: Any) -> Forest:
    features = int(estimator.n_features_in_)
    link = type(estimator._loss.link).__name__
    if link not in _LINKS:
        raise UnsupportedForest(f"histogram gradient boosting with the link {link}; expected one of {', '.join(_LINKS)}")
    outputs = [_output("prediction", estimator.classes_)] if hasattr(estimator, "classes_") else _values(1)
    forest = Forest(features, outputs, missing=True, link=_LINKS[link])
    forest.begin = [float(x) for x in np.ravel(estimator._baseline_prediction)]
    original = np.arange(features)  # by the places that categories first leave features at
    preprocessor = getattr(estimator, "_preprocessor", None)
    categorical = np.zeros(features, bool) if estimator.is_categorical_ is None else np.asarray(estimator.is_categorical_)
    if preprocessor is not None:
        original = np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)])
        found = preprocessor.named_transformers_["encoder"].categories_
        forest.categories = [None] * features
        for at, values in zip(np.flatnonzero(categorical), found, strict=True):
            forest.categories[at] = [str(v) for v in values if v is not None and v == v] or None
    elif categorical.any():
        raise UnsupportedForest("histogram gradient boosting of a scikit-learn older than 1.4 with categories; fit it again with a later one")
    known, of = estimator._bin_mapper.make_known_categories_bitsets()
    for stage in estimator._predictors:
        for k, predictor in enumerate(stage):
            forest.trees.append(_histogram_tree(forest, predictor, original, known, of, k))
    return forest


def _histogram_tree(forest: Forest, predictor: Any, original: Any, known: Any, of: Any, k: int) -> Tree:
    nodes = predictor.nodes
    inner = nodes["is_leaf"] == 0
    own, called = nodes[inner], _numbered(inner)
    threshold, sets = own["num_threshold"].astype(np.float64), np.full(len(own), -1, np.int32)
    for i in np.flatnonzero(own["is_categorical"]):
        node, threshold[i], sets[i] = own[i], 0, len(forest.sets)
        bits = np.asarray(predictor.raw_left_cat_bitsets[node["bitset_idx"]], np.uint32)
        if node["missing_go_to_left"]:  # as what is unknown does, too
            bits = bits | ~np.asarray(known[of[node["feature_idx"]]], np.uint32)
        forest.sets.append(bits)
    return Tree(
        feature=original[own["feature_idx"]].astype(np.int32),
        threshold=threshold,
        missing=own["missing_go_to_left"].astype(np.uint8),
        left=called[own["left"]],
        right=called[own["right"]],
        set=sets,
        leaves=nodes["value"][~inner].astype(np.float64),
        sum=k,
    )


def _isolation_forest(estimator: Any) -> Forest:
    forest = Forest(int(estimator.n_features_in_), _values(1), _allows_missing(estimator), link="halving")
    forest.outputs[0]["name"] = "anomaly"
    samples = int(estimator._max_samples)
    if samples < 2:
        raise UnsupportedForest("an isolation forest whose trees were fitted with one row each; fit it with more")
    forest.divide = len(estimator.estimators_) * float(_average_path_length(samples))
    for i, (member, features) in enumerate(zip(estimator.estimators_, estimator.estimators_features_, strict=True)):
        tree, leaf = _plain_tree(member.tree_, features)
        depth = estimator._decision_path_lengths[i] + estimator._average_path_length_per_tree[i] - 1.0
        tree.leaves, tree.sum = np.asarray(depth, np.float64)[leaf], 0
        forest.trees.append(tree)
    return forest


def _average_path_length(samples: int) -> float:
    """c(n), of an unsuccessful search in a binary search tree of n nodes: equation 1 of the paper."""
    if samples <= 2:
        return float(samples - 1)
    return float(2.0 * (np.log(samples - 1.0) + np.euler_gamma) - 2.0 * (samples - 1.0) / samples)


KINDS = {
    **dict.fromkeys(["DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"], _trees),
    **dict.fromkeys(["RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor"], _trees),
    **dict.fromkeys(["GradientBoostingClassifier", "GradientBoostingRegressor"], _gradient_boosting),
    **dict.fromkeys(["HistGradientBoostingClassifier", "HistGradientBoostingRegressor"], _hist_gradient_boosting),
    "IsolationForest": _isolation_forest,
}
