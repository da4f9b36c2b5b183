"""Writes oracle.json: what numpy, in float64, makes of random networks.

    python3 model/dense/testdata/oracle.py > model/dense/testdata/oracle.json

Weights, means and rows are not written down: oracle_test.go makes the same
ones from the same seeds. Weights are float32; rows are float64, as the decimals
of a message are.
"""

import json
import math

import numpy as np

NETWORKS, ROWS = 300, 6
HIDDEN = ["identity", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softplus"]
# How far from zero means lie, in deviations, from one network to the next.
FAR = [0, 0.3, 1, 4, 12, 50, 1e4, 1e7]


class Source:
    """Numbers from -0.5 to 0.5, by Numerical Recipes' generator."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return (self.state >> 8) / 2**24 - 0.5

    def many(self, n):
        return np.array([self.next() for _ in range(n)])


erfc = np.vectorize(math.erfc)
ACTIVATIONS = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.maximum(x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "gelu": lambda x: 0.5 * x * erfc(-x / math.sqrt(2)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(0, x),
}


def network(seed):
    source = Source(seed)
    features = 1 + seed * 37 % 90
    widths = [features] + [1 + seed * 13 % 40] * (seed % 3) + [1]
    size = 10.0 ** (seed % 9 - 4)
    std = size * (0.75 + source.many(features))
    mean = std * (2 * FAR[seed % len(FAR)] * source.many(features))
    layers = []
    for into, out in zip(widths, widths[1:]):
        weight = (source.many(into * out) * 4 / math.sqrt(into)).astype(np.float32)
        layers.append((weight.reshape(out, into).astype(np.float64), source.many(out).astype(np.float32).astype(np.float64)))
    rows = mean + std * (4 * source.many(ROWS * features).reshape(ROWS, features))
    values = (rows - mean) / std
    for i, (weight, bias) in enumerate(layers):
        scale = np.abs(values) @ np.abs(weight).T + np.abs(bias)
        values = values @ weight.T + bias
        if i < len(layers) - 1:
            values = ACTIVATIONS[HIDDEN[seed % len(HIDDEN)]](values)
    return {"widths": widths, "hidden": HIDDEN[seed % len(HIDDEN)], "far": FAR[seed % len(FAR)], "size": size,
            "scores": values[:, 0].tolist(), "scales": scale[:, 0].tolist()}


print("[" + ",\n".join(json.dumps(network(seed)) for seed in range(1, NETWORKS + 1)) + "]")
