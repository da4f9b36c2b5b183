"""What the libraries say, of numbers alone. MAPIE and NannyML may be missing: then what they would say is computed by
its definition, with numpy, and the table says so."""

from __future__ import annotations

import importlib.metadata
import warnings
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

try:
    from mapie.classification import SplitConformalClassifier
    from mapie.metrics.calibration import expected_calibration_error, spiegelhalter_statistic
    from mapie.regression import SplitConformalRegressor

    MAPIE = "MAPIE"
except ImportError:
    MAPIE = ""

try:
    import pandas as pd
    from nannyml.performance_estimation.confidence_based.metrics import MulticlassClassificationAccuracy, estimate_accuracy

    NANNYML = "NannyML"
except ImportError:
    NANNYML = ""

warnings.filterwarnings("ignore", module="mapie|nannyml|sklearn")

BINS = 15
WINDOW = 2000
"""How many labels calibrators and sets look back."""


def versions() -> str:
    said = []
    for name in ("scikit-learn", "scipy", "numpy", "mapie", "nannyml"):
        try:
            said.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            said.append(f"{name} missing")
    return ", ".join(said)


def wilson(right: int, rows: int) -> tuple[float, float]:
    interval = stats.binomtest(right, rows).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def calibration_error(right: Flags, confidence: Floats) -> tuple[float, str]:
    if MAPIE:  # which counts the borders of the bins
        return float(expected_calibration_error(right.astype(int), confidence, num_bins=BINS + 1)), "mapie expected_calibration_error"
    where = np.minimum((confidence * BINS).astype(int), BINS - 1)
    apart = np.bincount(where, confidence - right, BINS)
    return float(np.abs(apart).sum() / len(right)), "numpy, by definition"


def floor(confidence: Floats) -> float:
    """The mean calibration error of right confidences, each bin's taken for half of a normal distribution."""
    where = np.minimum((confidence * BINS).astype(int), BINS - 1)
    variance = np.bincount(where, confidence * (1 - confidence), BINS)
    return float(np.sqrt(2 / np.pi * variance).sum() / len(confidence))


def spiegelhalter(right: Flags, confidence: Floats) -> tuple[float, str]:
    if MAPIE:
        return float(spiegelhalter_statistic(right.astype(int), confidence)), "mapie spiegelhalter_statistic"
    apart = 1 - 2 * confidence
    z = ((right - confidence) * apart).sum() / np.sqrt((apart**2 * confidence * (1 - confidence)).sum())
    return float(z), "numpy, by definition"


def mean_winning_probability(shown: Floats, predicted: NDArray[np.int_], classes: int) -> tuple[float, str]:
    """Of predictions whose classes have these probabilities: the others share what is left."""
    if not NANNYML:
        return float(shown.mean()), "numpy mean"
    p = np.repeat(((1 - shown) / (classes - 1))[:, None], classes, 1)
    p[np.arange(len(p)), predicted] = shown
    if classes == 2:
        return float(estimate_accuracy(predicted, p[:, 1])), "nannyml estimate_accuracy"
    names = {k: f"p{k}" for k in range(classes)}
    frame = pd.DataFrame(p, columns=list(names.values()))
    frame["predicted"] = predicted
    accuracy = MulticlassClassificationAccuracy(names, "predicted", "truth", chunker=None, threshold=None)
    return float(accuracy._estimate(frame)), "nannyml CBPE accuracy"


class Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Its features are the probabilities."""

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.classes_ = np.arange(classes)
        self.is_fitted_ = True

    def predict_proba(self, x: Floats) -> Floats:
        return x

    def predict(self, x: Floats) -> NDArray[np.int_]:
        return x.argmax(1)

    def __sklearn_is_fitted__(self) -> bool:
        return True


class GivenValue(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Its feature is the value."""

    def fit(self, x: Floats, y: Floats) -> GivenValue:
        return self

    def predict(self, x: Floats) -> Floats:
        return x[:, 0]

    def __sklearn_is_fitted__(self) -> bool:
        return True


def rank(n: int, alpha: float) -> int:
    """⌈(n+1)(1−α)⌉, where rounding does not lift a whole number above itself."""
    return int(np.ceil((n + 1) * (1 - alpha) - 1e-9))


def sets(probabilities: Floats, truth: NDArray[np.int_], fresh: Floats, alpha: float) -> tuple[Flags, str]:
    """The sets of fresh rows, and the likeliest class with them."""
    if MAPIE:
        m = SplitConformalClassifier(Given(fresh.shape[1]), confidence_level=1 - alpha, conformity_score="lac", prefit=True)
        _, inside = m.conformalize(probabilities, truth).predict_set(fresh)
        inside, by = np.array(inside[:, :, 0], bool), "mapie SplitConformalClassifier lac, and the likeliest"
    else:
        n = len(truth)
        conformity = np.sort(probabilities[np.arange(n), truth])
        inside, by = fresh >= conformity[n - rank(n, alpha)], "numpy, by definition"
    inside[np.arange(len(fresh)), fresh.argmax(1)] = True
    return inside, by


def radius(distance: Floats, alpha: float) -> tuple[float, str]:
    """Half the width of intervals."""
    if MAPIE:
        m = SplitConformalRegressor(GivenValue(), confidence_level=1 - alpha, prefit=True)
        _, ends = m.conformalize(np.zeros((len(distance), 1)), distance).predict_interval(np.zeros((1, 1)))
        return float(ends[0, 1, 0]), "mapie SplitConformalRegressor absolute"
    return float(np.sort(distance)[rank(len(distance), alpha) - 1]), "numpy, by definition"


@dataclass
class Adaptive:
    """What adaptive conformal inference comes to, label by label (Gibbs and Candès 2021, equation 2)."""

    level: float
    thresholds: list[float]
    """At each label; NaN where there were too few."""


def adaptive(conformities: Floats, alpha: float) -> Adaptive:
    newest: deque[float] = deque()
    ordered: list[float] = []
    a = Adaptive(alpha, [])
    for x in map(float, conformities):
        n = len(ordered)
        threshold = np.nan
        if rank(n, alpha) <= n:
            threshold = ordered[n - min(max(rank(n, a.level), 1), n)]
            moved = a.level + 0.005 * (alpha - (x < threshold))
            a.level = min(max(moved, alpha / 50), 4 * alpha, (1 + alpha) / 2)
        a.thresholds.append(threshold)
        newest.append(x)
        insort(ordered, x)
        if len(newest) > WINDOW:
            del ordered[bisect_left(ordered, newest.popleft())]
    return a


def compared(slices: dict[str, tuple[int, int]]) -> dict[str, tuple[float, float, float, float, bool]]:
    """Accuracy, its interval, q and whether it is worse, of the slices with 100 labels: (labelled, correct) by name."""
    rows, right = (sum(part[k] for part in slices.values()) for k in (0, 1))
    enough = {name: part for name, part in slices.items() if part[0] >= 100}
    if not enough:
        return {}
    p = [stats.fisher_exact([[c, n - c], [right - c, rows - n - right + c]])[1] for n, c in enough.values()]
    q = stats.false_discovery_control(p)
    found = {}
    for (name, (n, c)), corrected in zip(enough.items(), q):
        rest = (right - c) / (rows - n) if rows > n else c / n
        found[name] = (c / n, *wilson(c, n), float(corrected), bool(c / n < rest and corrected <= 0.05))
    return found


def capped(slices: dict[str, tuple[int, int]]) -> float:
    """The accuracy where nobody has more than 5 % of the weight, or of fewer than twenty an equal part: the weights are
    what a cut at some number of rows leaves, which is found by halving."""
    rows = np.array([n for n, _ in slices.values()], float)
    accuracy = np.array([c / n for n, c in slices.values()])
    share = max(0.05, 1 / len(rows))
    low, high = 0.0, rows.max()
    for _ in range(200):
        cut = (low + high) / 2
        weights = np.minimum(rows, cut)
        low, high = (low, cut) if weights.max() > share * weights.sum() * (1 + 1e-14) else (cut, high)
    weights = np.minimum(rows, low if low > 0 else rows.min())
    return float((weights * accuracy).sum() / weights.sum())


def influence(slices: dict[str, tuple[int, int]]) -> dict[str, Any]:
    rows, right = (sum(part[k] for part in slices.values()) for k in (0, 1))
    moves = {name: right / rows - (right - c) / (rows - n) for name, (n, c) in slices.items() if rows > n}
    most = max(moves, key=lambda name: abs(moves[name]))
    return {"capped_accuracy": capped(slices), "most_influential": most, "moves": moves[most]}
