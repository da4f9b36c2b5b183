"""The models as their own libraries run them, on one thread: what every server here calls."""
import os

import numpy as np


def load(path):
    """A function of float32 [rows, 32] to probabilities [rows, classes]."""
    if path.endswith(".ubj"):
        import xgboost

        booster = xgboost.Booster(params={"nthread": 1}, model_file=path)
        return booster.inplace_predict
    if path.endswith(".pkl"):
        import pickle

        with open(path, "rb") as file:
            return pickle.load(file).predict_proba
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda rows: session.run(["probabilities"], {name: rows})[0]


def answer(scores):
    """What a client is told of a row."""
    scores = np.atleast_1d(scores)
    if scores.size == 1:
        scores = np.array([1 - scores[0], scores[0]])
    best = int(scores.argmax())
    return {"prediction": best, "confidence": float(scores[best])}


def row(message):
    return np.asarray(message["features"], np.float32)


MODEL = os.environ.get("MODEL", "")
PORT = int(os.environ.get("PORT", "0"))
MOST = 64  # rows in a batch
WAIT = 0.001  # seconds that a batch may wait for more
