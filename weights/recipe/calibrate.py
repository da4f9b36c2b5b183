"""Temperature scaling: one number that makes confidence mean what it says.

Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks",
ICML 2017, section 4.2: scores = softmax(logits / T), T chosen to minimise the
negative log-likelihood of held-out rows.
"""
import numpy as np


def softmax(logits, temperature=1.0):
    """Float64 scores [n, classes] that sum to one over a row."""
    z = logits.astype(np.float64) / temperature
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def log_loss(scores, labels):
    """Mean negative log-likelihood of the true class, in nats."""
    return float(-np.log(np.maximum(scores[np.arange(len(labels)), labels], 1e-300)).mean())


def calibration_error(scores, labels, bins=15):
    """Expected calibration error (the same paper, section 2), equal-width bins."""
    confidence, right = scores.max(1), scores.argmax(1) == labels
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs((right[bin_of == b].mean() - confidence[bin_of == b].mean())) * (bin_of == b).mean()
            for b in range(bins) if (bin_of == b).any()]
    return float(sum(gaps))


def fit_temperature(logits, labels):
    """Golden-section search for T in [0.2, 5]; four decimals are kept."""
    low, high, ratio = 0.2, 5.0, (5 ** 0.5 - 1) / 2
    cost = lambda t: log_loss(softmax(logits, t), labels)
    while high - low > 1e-5:
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if cost(a) < cost(b) else (a, high)
    return round((low + high) / 2, 4)
