#!/usr/bin/env python3
"""Writes the bundles of this folder: one model for each kind of output, and what
scikit-learn measures of it.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 scikit-learn==1.9.1
    venv/bin/python testdata/kinds/make.py

Each folder holds a bundle (manifest.json, model.safetensors, golden.json) and
labelled.json: rows as a client sends them, their labels, the scores and the
answers that numpy computes of them in float64, and scikit-learn's metrics of these
answers. No answer hangs on the last digits: rows whose scores lie within MARGIN of
a threshold, or of one another, are left out.

Every network is a layer of random tanh units, whose outputs scikit-learn's linear
models take; so nothing is trained by steps, and the numbers are the same again.
"""

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
from sklearn import metrics
from sklearn.datasets import load_breast_cancer, load_iris, make_multilabel_classification
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge

HERE = Path(__file__).parent
ROWS, GOLDEN, MARGIN = 60, 6, 1e-3


def safetensors(tensors):
    header, data = {}, b""
    for name, t in tensors.items():
        t = np.ascontiguousarray(t, "<f4")
        header[name] = {"dtype": "F32", "shape": t.shape, "data_offsets": [len(data), len(data) + t.nbytes]}
        data += t.tobytes()
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + data


def text(value):
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def table(columns):
    """JSON with one row a line, which diffs well and is small."""
    lines = []
    for key, value in columns.items():
        rows = [json.dumps(v, ensure_ascii=False, separators=(",", ":")) for v in value]
        lines.append(f'"{key}": [\n' + ",\n".join(rows) + "\n]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


class Hidden:
    """The first layer: float32 weights that never learn."""

    def __init__(self, rows, units, seed):
        random = np.random.default_rng(seed)
        self.mean, self.std = rows.mean(0).round(3), rows.std(0).round(3)
        self.weight = (random.normal(size=(units, rows.shape[1])) / np.sqrt(rows.shape[1])).astype("f4")
        self.bias = random.normal(size=units).astype("f4") / 2

    def __call__(self, rows):
        scaled = (np.asarray(rows, float) - self.mean) / self.std
        return np.tanh(scaled @ self.weight.T.astype(float) + self.bias)


class Last:
    """The last layer, of all outputs: what linear models found, as float32."""

    def __init__(self, *models):
        weights = [np.atleast_2d(w) for w, _ in models]
        self.weight = np.vstack(weights).astype("f4")
        self.bias = np.concatenate([np.atleast_1d(b) for _, b in models]).astype("f4")

    def __call__(self, hidden):
        return hidden @ self.weight.T.astype(float) + self.bias.astype(float)


def linear(model, x, y):
    model = model.fit(x, y)
    return model.coef_, model.intercept_


def write(folder, hidden, last, activation, golden, labelled, measured, logits=False, **manifest):
    """Writes a bundle, and what is known of it."""
    tensors = {"0.weight": hidden.weight, "0.bias": hidden.bias, "1.weight": last.weight, "1.bias": last.bias}
    dense = {
        "file": "model.safetensors",
        "layers": [
            {"weight": "0.weight", "bias": "0.bias", "activation": "tanh"},
            {"weight": "1.weight", "bias": "1.bias", "activation": activation},
        ],
    }
    if logits:
        dense["output"] = "logits"
    files = {"model.safetensors": safetensors(tensors), "golden.json": table(golden).encode()}
    whole = {
        "name": folder, "version": "1", "features": int(hidden.weight.shape[1]), **manifest,
        "input": {"mean": hidden.mean.tolist(), "std": hidden.std.tolist(), **manifest.get("input", {})},
        "engines": {"dense": dense}, "golden": "golden.json",
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }
    (HERE / folder).mkdir(exist_ok=True)
    for name, data in files.items():
        (HERE / folder / name).write_bytes(data)
    (HERE / folder / "manifest.json").write_text(text(whole))
    lines = table(labelled)[:-3] + ',\n"metrics": ' + json.dumps(measured, indent=1) + "\n}\n"
    (HERE / folder / "labelled.json").write_text(lines)


def rounded(values, digits=9):
    return np.round(np.asarray(values, float), digits).tolist()


def clear(scores):
    """Rows whose best score is far from the second."""
    top = np.sort(scores, 1)
    return top[:, -1] - top[:, -2] > MARGIN


def of_classes(truth, answers, names):
    numbers = np.arange(len(names))
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(truth, answers, labels=numbers, zero_division=0)
    return {
        "accuracy": metrics.accuracy_score(truth, answers),
        "macro_f1": metrics.f1_score(truth, answers, labels=numbers, average="macro", zero_division=0),
        "confusion": metrics.confusion_matrix(truth, answers, labels=numbers).tolist(),
        "classes": [
            {"label": n, "precision": p, "recall": r, "f1": f} for n, p, r, f in zip(names, precision, recall, f1)
        ],
    }


def of_labels(truth, answers, names):
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(truth, answers, zero_division=0)
    counts = metrics.multilabel_confusion_matrix(truth, answers)
    return {
        "accuracy": metrics.accuracy_score(truth, answers),
        "hamming_loss": metrics.hamming_loss(truth, answers),
        "micro_f1": metrics.f1_score(truth, answers, average="micro", zero_division=0),
        "macro_f1": metrics.f1_score(truth, answers, average="macro", zero_division=0),
        "labels": [
            {
                "label": names[i], "true_positive": int(c[1, 1]), "false_positive": int(c[0, 1]),
                "false_negative": int(c[1, 0]), "true_negative": int(c[0, 0]),
                "precision": precision[i], "recall": recall[i], "f1": f1[i],
            }
            for i, c in enumerate(counts)
        ],
    }


def of_values(truth, answers):
    each = {"multioutput": "raw_values"}
    return {
        "mean_absolute_error": metrics.mean_absolute_error(truth, answers),
        "mean_squared_error": metrics.mean_squared_error(truth, answers),
        "values": [
            {"mean_absolute_error": a, "root_mean_square_error": s**0.5}
            for a, s in zip(metrics.mean_absolute_error(truth, answers, **each), metrics.mean_squared_error(truth, answers, **each))
        ],
    }


def labels():
    """Several labels at once, by sigmoids that are the last layer's activation."""
    names, thresholds = ["sports", "politics", "science", "weather"], [0.5, 0.35, 0.5, 0.6]
    rows, truth = make_multilabel_classification(400, 8, n_classes=4, n_labels=2, random_state=5)
    hidden = Hidden(rows, 24, 1)
    x = hidden(rows)
    last = Last(*[linear(LogisticRegression(C=0.5), x[ROWS:], truth[ROWS:, i]) for i in range(4)])
    scores = sigmoid(last(x))
    keep = np.flatnonzero((np.abs(scores - thresholds) > MARGIN).all(1))[:ROWS]
    rows, truth, scores = rows[keep], truth[keep], scores[keep]
    answers = (scores >= thresholds).astype(int)
    named = lambda sets: [[names[i] for i in np.flatnonzero(s)] for s in sets]
    write(
        "labels", hidden, last, "sigmoid",
        {"features": rows[:GOLDEN].tolist(), "scores": scores[:GOLDEN].tolist()},
        {"features": rows.tolist(), "labels": named(truth), "scores": rounded(scores), "predictions": named(answers)},
        of_labels(truth, answers, names),
        outputs=[{"name": "topics", "kind": "labels", "classes": names, "thresholds": thresholds}],
        accuracy=round(metrics.accuracy_score(truth, answers), 3),
    )


def several():
    """A class, two values and an embedding of one row."""
    iris = load_iris()
    order = np.random.default_rng(2).permutation(len(iris.data))
    rows, species = iris.data[order][:, :3], iris.target[order]
    width = iris.data[order][:, 3]
    values = np.column_stack([width, (width * rows[:, 2]).round(3)])
    hidden = Hidden(rows, 20, 2)
    x = hidden(rows)
    classes = linear(LogisticRegression(C=10), x[ROWS:], species[ROWS:])
    sizes = linear(Ridge(0.1), x[ROWS:], values[ROWS:])
    pca = PCA(4, random_state=0).fit(x[ROWS:])
    last = Last(classes, sizes, (pca.components_, -pca.components_ @ pca.mean_))
    raw, temperature = last(x), 1.5
    scores = np.column_stack([softmax(raw[:, :3] / temperature), raw[:, 3:]])
    keep = np.flatnonzero(clear(scores[:, :3]))[:ROWS]
    rows, species, values, scores = rows[keep], species[keep], values[keep], scores[keep]
    names = iris.target_names.tolist()
    answers = scores[:, :3].argmax(1)
    write(
        "several", hidden, last, "identity",
        {"features": rows[:GOLDEN].tolist(), "scores": scores[:GOLDEN].tolist()},
        {
            "features": rows.tolist(), "labels": [names[i] for i in species], "values": values.tolist(),
            "scores": rounded(scores), "predictions": [names[i] for i in answers],
        },
        {**of_classes(species, answers, names), "petal": of_values(values, scores[:, 3:5])},
        outputs=[
            {"name": "species", "kind": "class", "classes": names},
            {"name": "petal", "kind": "values", "width": 2},
            {"name": "embedding", "kind": "vector", "width": 4},
        ],
        accuracy=round(metrics.accuracy_score(species, answers), 3), calibration={"temperature": temperature},
        logits=True, pool={"workers": 1, "max_batch": 16, "queue_rows": 4096},
    )


def one_sigmoid():
    """Two classes of one sigmoid: the score is the probability of the second."""
    cancer = load_breast_cancer()
    order = np.random.default_rng(3).permutation(len(cancer.data))
    rows, truth = cancer.data[order][:, [0, 1, 4, 5, 8, 9]], cancer.target[order]
    hidden = Hidden(rows, 16, 3)
    x = hidden(rows)
    last = Last(linear(LogisticRegression(C=1), x[ROWS:], truth[ROWS:]))
    temperature = 0.8
    scores = sigmoid(last(x) / temperature)
    keep = np.flatnonzero(np.abs(scores[:, 0] - 0.5) > MARGIN)[:ROWS]
    rows, truth, scores = rows[keep], truth[keep], scores[keep]
    names = cancer.target_names.tolist()
    answers = (scores[:, 0] > 0.5).astype(int)
    write(
        "sigmoid", hidden, last, "identity",
        {"features": rows[:GOLDEN].tolist(), "scores": scores[:GOLDEN].tolist()},
        {
            "features": rows.tolist(), "labels": [names[i] for i in truth], "scores": rounded(scores),
            "predictions": [names[i] for i in answers],
        },
        {**of_classes(truth, answers, names), "log_loss": metrics.log_loss(truth, scores[:, 0])},
        outputs=[{"kind": "class", "width": 1, "classes": names}],
        accuracy=round(metrics.accuracy_score(truth, answers), 3), calibration={"temperature": temperature}, logits=True,
    )


def embedding():
    """A vector of tanh units, which no label judges."""
    rows = load_iris().data
    hidden = Hidden(rows, 16, 4)
    random = np.random.default_rng(5)
    last = Last((random.normal(size=(8, 16)) / 4, random.normal(size=8) / 4))
    scores = np.tanh(last(hidden(rows)))
    some = np.random.default_rng(6).permutation(len(rows))[:ROWS]
    write(
        "embedding", hidden, last, "tanh",
        {"features": rows[some[:GOLDEN]].tolist(), "scores": scores[some[:GOLDEN]].tolist()},
        {"features": rows[some].tolist(), "scores": rounded(scores[some])}, {},
        outputs=[{"name": "embedding", "kind": "vector", "width": 8}],
    )


CITIES, FLOORS = ["Amsterdam", "Lyon", "Zürich"], ["ground", "middle", "top"]


def flat(random):
    """A flat as a client describes it, and as the network is given it."""
    area, city, floor, year = round(random.uniform(20, 140), 1), int(random.integers(4)), int(random.integers(3)), int(random.integers(1900, 2024))
    price = area * [5.1, 3.2, 9.4, 2.5][city] + 20 * floor + (year - 1950) / 4
    sent = [area, (CITIES + ["Oslo"])[city], FLOORS[floor], year]
    given = [area, city, floor, year]  # the fourth city is not in the list: it gets the number of its own
    if random.random() < 0.2:
        sent[0], given[0] = None, 75
    lost = random.random()
    if lost < 0.15:
        sent[2], given[2] = (None, 1) if lost < 0.1 else ("roof", 1)  # a category that is not known is missing
    return sent, given, [round(price + random.normal(0, 10), 1), round(price / 200 + random.normal(0, 0.1), 2)]


def columns():
    """Named columns with categories and holes; two values, each with its own unit."""
    random = np.random.default_rng(7)
    sent, given, truth = zip(*[flat(random) for _ in range(500)])
    given, truth = np.array(given, float), np.array(truth)
    hidden = Hidden(given, 32, 8)
    x = hidden(given)
    last = Last(linear(Ridge(0.1), x[ROWS:], truth[ROWS:]))
    scores = last(x)
    odd = [[row[0] is None for row in sent].index(True), [row[2] == "roof" for row in sent].index(True)]
    proofs = list(range(GOLDEN)) + odd
    write(
        "columns", hidden, last, "identity",
        {"features": [sent[i] for i in proofs], "scores": scores[proofs].tolist()},
        {"features": sent[:ROWS], "labels": truth[:ROWS].tolist(), "scores": rounded(scores[:ROWS], 6)},
        of_values(truth[:ROWS], scores[:ROWS]),
        outputs=[{"name": "price", "kind": "values", "width": 2}],
        columns=[
            {"name": "area", "missing": True},
            {"name": "city", "kind": "category", "categories": CITIES, "unknown": "own"},
            {"name": "floor", "kind": "category", "categories": FLOORS, "unknown": "missing", "missing": True},
            {"name": "year built"},
        ],
        input={"fill": [75, 0, 1, 0]},
    )


if __name__ == "__main__":
    for make in (labels, several, one_sigmoid, embedding, columns):
        make()
