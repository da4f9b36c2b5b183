"""Writes oracle.json: outcomes with what scikit-learn, scipy, statsmodels, numpy, MAPIE
and NannyML measure on them.

    pip install scikit-learn scipy statsmodels mapie nannyml
    python3 quality/measure/testdata/oracle.py > quality/measure/testdata/oracle.json

Written by scikit-learn 1.9.1, scipy 1.17.1, statsmodels 0.15.0, numpy 2.4.6, MAPIE 1.6.0
and NannyML 0.13.1.
"""
import json
import warnings

import numpy as np
import pandas as pd
from mapie.metrics.calibration import expected_calibration_error, spiegelhalter_statistic
from nannyml.performance_estimation.confidence_based.metrics import MulticlassClassificationAccuracy, estimate_accuracy
from scipy import stats
from sklearn import metrics as m
from statsmodels.stats.proportion import proportion_confint

warnings.filterwarnings("ignore")
BINS = 15
GRAIN = 4096  # probabilities are multiples of 1/GRAIN: float32 holds them and sums of their squares


def single(x):
    """Rounded to float32, as the server keeps numbers."""
    return np.asarray(x, np.float32).astype(np.float64)


def ece(right, confidence):
    """MAPIE's num_bins counts the borders of the bins; a confidence on a border belongs to the lower bin there."""
    return float(expected_calibration_error(np.asarray(right, int), np.asarray(confidence), num_bins=BINS + 1))


def floor(confidence):
    """The mean of the calibration error over all that may come of right confidences, bin by bin."""
    where, total = np.minimum((confidence * BINS).astype(int), BINS - 1), 0.0
    for b in range(BINS):
        inside = confidence[where == b]
        if len(inside):
            x = np.arange(len(inside) + 1)
            total += (stats.binom.pmf(x, len(inside), inside.mean()) * np.abs(x - inside.sum())).sum()
    return total / len(confidence)


def wilson(right):
    return list(map(float, proportion_confint(int(right.sum()), len(right), method="wilson")))


def probabilities(r, rows, classes, sure):
    """Rows of multiples of 1/GRAIN, each with the sum 1."""
    p = r.dirichlet(np.full(classes, sure), rows)
    whole = np.floor(p * GRAIN).astype(int)
    whole[np.arange(rows), p.argmax(1)] += GRAIN - whole.sum(1)
    return whole / GRAIN


def mean_winning_probability(p, predicted):
    if p.shape[1] == 2:
        return float(estimate_accuracy(predicted, p[:, 1]))
    names = {k: f"p{k}" for k in range(p.shape[1])}
    frame = pd.DataFrame(p, columns=list(names.values()))
    frame["predicted"] = predicted
    cbpe = MulticlassClassificationAccuracy(names, "predicted", "truth", chunker=None, threshold=None)
    return float(cbpe._estimate(frame))


def averages(truth, predicted):
    names = {"macro": "macro", "weighted": "weighted", "micro": "micro"}
    return {k: list(map(float, m.precision_recall_fscore_support(truth, predicted, average=v, zero_division=0)[:3]))
            for k, v in names.items()}


def classes_case(r, classes, rows=400):
    p = probabilities(r, rows, classes, 4 / classes)
    truth = np.array([r.choice(classes, p=0.8 * row + 0.2 / classes) for row in p])
    predicted, top = p.argmax(1), p.max(1)
    right = predicted == truth
    shown = single(top ** 1.5)
    every = range(classes)
    scores = m.precision_recall_fscore_support(truth, predicted, labels=every, zero_division=0)
    residual = right - shown
    spread = max(residual.var(), (shown * (1 - shown)).mean())
    half = stats.norm.ppf(0.975) * np.sqrt(spread / rows)
    return {
        "kind": "class", "classes": classes,
        "predicted": predicted.tolist(), "truth": truth.tolist(), "confidence": top.tolist(), "shown": shown.tolist(),
        "probability": p[np.arange(rows), truth].tolist(), "squares": (p ** 2).sum(1).tolist(),
        "cells": m.confusion_matrix(truth, predicted, labels=every).tolist(),
        "want": {
            "accuracy": m.accuracy_score(truth, predicted), "interval": wilson(right),
            "log_loss": m.log_loss(truth, p, labels=every),
            "brier": m.brier_score_loss(truth, p, labels=every, scale_by_half=False),
            "calibration_error": ece(right, shown), "raw_calibration_error": ece(right, top),
            "floor": floor(shown), "spiegelhalter": spiegelhalter_statistic(right.astype(int), shown),
            "mean_confidence": shown.mean(), "gap": shown.mean() - right.mean(),
            "raw_estimate": mean_winning_probability(p, predicted),
            "residual_interval": [residual.mean() - half, residual.mean() + half],
            "per_class": np.array(scores, float).T.tolist(), "averages": averages(truth, predicted),
        },
    }


def labels_case(r, labels, rows=300):
    p = single(r.beta(0.5, 0.8, (rows, labels)))
    p[0, :] = single(1e-30)  # what log loss has to clip
    truth = (r.random((rows, labels)) < 0.8 * p + 0.1).astype(int)
    predicted = (p >= 0.5).astype(int)
    each = range(labels)
    return {
        "kind": "labels", "classes": labels,
        "predicted": predicted.ravel().tolist(), "truth": truth.ravel().tolist(), "confidence": p.ravel().tolist(),
        "want": {
            "accuracy": m.accuracy_score(truth, predicted), "interval": wilson((truth == predicted).all(1)),
            "log_loss": np.mean([m.log_loss(truth[:, k], p[:, k], labels=[0, 1]) for k in each]),
            "brier": np.mean([m.brier_score_loss(truth[:, k], p[:, k]) for k in each]),
            "raw_calibration_error": ece(truth.ravel(), p.ravel()),
            "calibration_error": ece(truth.ravel(), p.ravel()),
            "hamming_loss": m.hamming_loss(truth, predicted),
        },
    }


def values_case(r, width, mean, rows=400):
    truth = mean + r.normal(size=(rows, width)) * np.arange(1, width + 1)
    predicted = single(truth + r.normal(size=(rows, width)) * 0.4)
    residual = (truth - predicted).ravel()
    at = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999, 1]
    counts, edges = np.histogram(residual, bins=20)
    return {
        "kind": "values", "width": width, "predicted": predicted.ravel().tolist(), "truth": truth.ravel().tolist(),
        "want": {
            "mae": m.mean_absolute_error(truth, predicted), "rmse": np.sqrt(m.mean_squared_error(truth, predicted)),
            "r2": m.r2_score(truth, predicted),
            "quantiles": {"at": at, "value": np.quantile(residual, at).tolist()},
            "histogram": {"counts": counts.tolist(), "edges": edges.tolist()},
        },
    }


def curve_case(r, rows, digits):
    truth = r.random(rows) < 0.3
    score = np.round(np.clip(r.normal(0.4 + 0.2 * truth, 0.2), 0, 1), digits)
    fpr, tpr, thresholds = m.roc_curve(truth, score, drop_intermediate=False)
    return {
        "score": score.tolist(), "truth": truth.tolist(), "threshold": thresholds[1:].tolist(),
        "fpr": fpr[1:].tolist(), "tpr": tpr[1:].tolist(),
        "roc_auc": m.roc_auc_score(truth, score), "average_precision": m.average_precision_score(truth, score),
    }


def slices_case(r, rows, accuracy):
    rows = np.array(rows)
    correct = r.binomial(rows, accuracy)
    n, c = rows.sum(), correct.sum()
    p = [stats.fisher_exact([[a, k - a], [c - a, n - k - c + a]])[1] for a, k in zip(correct, rows)]
    enough = rows >= 100
    q = np.full(len(rows), np.nan)
    q[enough] = stats.false_discovery_control(np.array(p)[enough])
    return {"rows": rows.tolist(), "correct": correct.tolist(),
            "p": [x if e else None for x, e in zip(p, enough)], "q": [x if e else None for x, e in zip(q, enough)]}


def main():
    r = np.random.default_rng(20261127)
    large = r.integers(20, 4000, 40)
    print(json.dumps({
        "cases": [*(classes_case(r, n) for n in (2, 3, 10)), classes_case(r, 100, 300),
                  labels_case(r, 3), labels_case(r, 8, 120),
                  values_case(r, 1, 0), values_case(r, 1, 1e6), values_case(r, 3, 50, 200)],
        "curves": [curve_case(r, 500, 2), curve_case(r, 300, 12)],
        "slices": [
            slices_case(r, [100, 1000], [0.9, 0.97]),
            slices_case(r, [500, 500], [0.95, 0.95]),
            slices_case(r, [120, 99, 3000, 150, 200], 0.99),
            slices_case(r, large, np.where(np.arange(40) % 10 == 0, 0.9, 0.96)),
            slices_case(r, [2_000_000, 3_000_000], [0.9, 0.9002]),
        ],
    }, separators=(",", ":")))


main()
