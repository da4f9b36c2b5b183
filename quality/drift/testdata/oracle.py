"""Writes oracle.json: sequences of errors with what the detector makes of them.

    python3 quality/drift/testdata/oracle.py > quality/drift/testdata/oracle.json

It needs numpy.
"""
import json

import numpy as np

BETS = np.array([.02, .05, .1, .2, .4, .8])
THRESHOLD, LAG, LEAST, EVERY = 3e6, 1000, 100, 50
KEPT = 25  # of so many requests, one is written down


def reference(baseline):
    """The running mean with one wrong and one right request more, 3.09 standard errors and a quarter of a point."""
    x = np.concatenate([baseline, [0.0, 1.0]])
    return x.mean() + 3.09 * np.sqrt(x.var() / len(x)) + 0.0025


def run(x, given=None):
    evidence, means, references = np.zeros(len(BETS)), [], []
    p = None if given is None else given + 0.0025
    for i, one in enumerate(x):
        old = i - LAG  # how many have left the newest
        if given is None and old >= LEAST and old % EVERY == 0:
            p = reference(x[:old])
        if p is not None:
            evidence = (evidence + 1) * (1 + BETS * (one / p - 1))
        means.append(float(evidence.mean()))
        references.append(0.0 if p is None else float(p))
        if means[-1] >= THRESHOLD:
            break
    return means, references


def case(name, x, given=None):
    x = x.astype(np.float32).astype(np.float64)  # as the detector keeps them
    means, references = run(x, given)
    n = len(means)
    kept = [*range(0, n - 1, KEPT), n - 1]
    return {
        "name": name, "given": given, "fires": means[-1] >= THRESHOLD,
        "x": [int(one) if one in (0, 1) else one for one in x[:n].tolist()],
        "at": kept, "evidence": [means[i] for i in kept], "reference": [references[i] for i in kept],
    }


def main():
    r = np.random.default_rng(20260301)
    binary = lambda n, p: (r.random(n) < p).astype(float)
    rows = lambda n, p: r.binomial(8, p, n) / 8
    cases = [
        case("given, healthy", binary(2000, .05), .05),
        case("given, ten points", np.concatenate([binary(500, .05), binary(1000, .15)]), .05),
        case("learned, healthy", binary(4000, .05)),
        case("learned, ten points", np.concatenate([binary(3000, .05), binary(1000, .15)])),
        case("learned, never wrong before", np.concatenate([np.zeros(2000), np.ones(50)])),
        case("learned, eight rows a request", np.concatenate([rows(2500, .1), rows(1000, .2)])),
        case("learned, errors of a regression", np.concatenate([r.beta(2, 2, 2500), r.beta(3, 2, 1500)])),
    ]
    print(json.dumps(cases, separators=(",", ":")))


main()
