"""Writes oracle.json: the sets and intervals that MAPIE makes of the same rows.

    python3 quality/conformal/testdata/oracle.py > quality/conformal/testdata/oracle.json

It needs numpy, scikit-learn and mapie.
"""
import json

import numpy as np
from mapie.classification import SplitConformalClassifier
from mapie.regression import SplitConformalRegressor
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

ALPHAS = [.05, .1, .2]


class Given(ClassifierMixin, BaseEstimator):
    """Its features are the probabilities."""

    def __init__(self, classes):
        self.classes = classes
        self.classes_ = np.arange(classes)
        self.is_fitted_ = True

    def predict_proba(self, x):
        return x

    def predict(self, x):
        return x.argmax(1)

    def __sklearn_is_fitted__(self):
        return True


class GivenValue(RegressorMixin, BaseEstimator):
    """Its feature is the value."""

    def fit(self, x, y):
        return self

    def predict(self, x):
        return x[:, 0]

    def __sklearn_is_fitted__(self):
        return True


def probabilities(r, n, classes):
    logits = r.normal(0, 2, (n, classes))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    p = p.astype(np.float32).astype(np.float64)
    y = np.array([r.choice(classes, p=row / row.sum()) for row in p])
    return p, y


def numbers(x):
    """The shortest text of a float32."""
    return [float(str(np.float32(one))) for one in np.ravel(x)]


def classes_case(r, n, classes):
    p, y = probabilities(r, n, classes)
    fresh, _ = probabilities(r, 40, classes)
    m = SplitConformalClassifier(Given(classes), confidence_level=[1 - a for a in ALPHAS], conformity_score="lac", prefit=True)
    _, sets = m.conformalize(p, y).predict_set(fresh)
    return {
        "name": f"{classes} classes, {n} labels", "conformities": numbers(p[np.arange(n), y]),
        "fresh": [numbers(row) for row in fresh],
        "sets": [[np.flatnonzero(sets[i, :, k]).tolist() for i in range(len(fresh))] for k in range(len(ALPHAS))],
    }


def values_case(r, n):
    x = r.normal(0, 1, (n, 1)).astype(np.float32).astype(np.float64)
    # Truths such that the distance is a float32 too.
    distance = np.float32(np.abs(r.standard_t(3, n))).astype(np.float64)
    m = SplitConformalRegressor(GivenValue(), confidence_level=[1 - a for a in ALPHAS], prefit=True)
    _, ends = m.conformalize(np.zeros((n, 1)), distance).predict_interval(np.zeros((1, 1)))
    return {"name": f"values, {n} labels", "conformities": numbers(-distance), "radius": ends[0, 1, :].tolist()}


def main():
    r = np.random.default_rng(20260301)
    cases = [classes_case(r, n, k) for n, k in [(21, 3), (199, 2), (500, 10), (998, 10)]]
    cases += [values_case(r, n) for n in (21, 199, 600)]
    print(json.dumps({"alphas": ALPHAS, "cases": cases}))


main()
