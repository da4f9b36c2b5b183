"""Writes oracle.json: fits and reports of rows, as scipy, mapie and betacal have them.

    python3 quality/calibrate/testdata/oracle.py > quality/calibrate/testdata/oracle.json

It needs numpy, scipy, scikit-learn, mapie and betacal.
"""
import json

import numpy as np
from betacal import BetaCalibration
from mapie.metrics.calibration import spiegelhalter_statistic
from scipy.optimize import minimize, root
from scipy.special import expit

TINY = 2.0 ** -25
PRECISION = 0.1  # of the prior around the identity
LEAST = 1e-3     # the smallest slope


def columns(p):
    return np.log(np.maximum(p, TINY)), -np.log(np.maximum(1 - p, TINY))


def temperature(p, y, w):
    x = sum(columns(p))

    def slope(s):
        return np.sum(w * (expit(s[0] * x) - y) * x) + PRECISION * (s[0] - 1)

    low = LEAST if slope([LEAST]) > 0 else None
    if low:
        return [low]
    return [root(slope, [0.5], tol=1e-15).x[0]]


def beta(p, y, w):
    design = np.stack([*columns(p), np.ones_like(p)])
    middle = np.array([1.0, 1.0, 0.0])
    sign = np.where(y, 1.0, -1.0)

    def loss(theta):
        return np.sum(w * np.logaddexp(0, -sign * (theta @ design))) + PRECISION / 2 * np.sum((theta - middle) ** 2)

    def slope(theta):
        return design @ (w * (expit(theta @ design) - y)) + PRECISION * (theta - middle)

    def bend(theta):
        q = expit(theta @ design)
        return (design * (w * q * (1 - q))) @ design.T + PRECISION * np.eye(3)

    rough = minimize(loss, middle, jac=slope, method="L-BFGS-B", bounds=[(LEAST, None), (LEAST, None), (None, None)],
                     options={"maxiter": 10000, "ftol": 1e-15, "gtol": 1e-10}).x
    # What is on the edge stays there; the others are made exact.
    free = np.array([rough[0] > LEAST * 1.001, rough[1] > LEAST * 1.001, True])

    def within(x):
        theta = np.where(free, 0.0, LEAST)
        theta[free] = x
        return theta

    exact = root(lambda x: slope(within(x))[free], rough[free], jac=lambda x: bend(within(x))[np.ix_(free, free)], tol=1e-15).x
    return within(exact).tolist()


def ece(p, y):
    at = np.minimum((p.astype(np.float32) * np.float32(15)).astype(int), 14)
    apart = np.bincount(at, p - y, minlength=15)
    variance = np.bincount(at, p * (1 - p), minlength=15)
    return np.abs(apart).sum() / len(p), np.sqrt(2 / np.pi * variance).sum() / len(p)


def case(name, r, p, share, weighted=False, peer=False):
    p = p.astype(np.float32).astype(np.float64)  # as they arrive
    y = r.random(len(p)) < share(p)
    w = r.uniform(0.05, 1, len(p)).round(3) if weighted else np.ones(len(p))
    error, floor = ece(p, y)
    out = {
        "name": name, "p": [float(np.float32(x)) for x in p], "right": y.tolist(), "w": w.tolist() if weighted else None,
        "temperature": temperature(p, y, w), "beta": beta(p, y, w),
        "ece": error, "floor": floor, "gap": float(np.mean(p - y)),
        "z": float(spiegelhalter_statistic(y.astype(int), p)),
    }
    if peer:
        b = BetaCalibration(parameters="abm").fit(p.reshape(-1, 1), y)
        out["betacal"] = b.predict(np.array([.5, .7, .9, .99])).tolist()
    return out


def odds(p):
    return np.log(p) - np.log1p(-p)


def main():
    r = np.random.default_rng(20260301)
    sure = lambda n: 1 - 0.6 * 10 ** (-4 * r.random(n))
    cases = [
        case("calibrated", r, r.uniform(.5, 1, 700), lambda p: p),
        case("too sure", r, sure(1500), lambda p: expit(odds(p) / 2.5), peer=True),
        case("too unsure", r, r.uniform(.3, .9, 600), lambda p: expit(2 * odds(p) + .5), peer=True),
        case("weights", r, sure(500), lambda p: expit(odds(p) / 2 - .3), weighted=True),
        case("the surer the worse", r, sure(500), lambda p: 1 - p),
        case("always right", r, r.uniform(.5, 1, 250), lambda p: np.ones_like(p)),
        case("always wrong", r, r.uniform(.5, 1, 250), lambda p: np.zeros_like(p)),
        case("one confidence", r, np.full(300, .9), lambda p: .6 + 0 * p),
        case("certain", r, np.where(r.random(400) < .5, 1.0, .8), lambda p: .9 + 0 * p),
    ]
    print(json.dumps(cases))


main()
