"""Trains the two models on made-up rows, and writes them as every server reads them:
forest.ubj, mlp.onnx, and the bundle mlp for Penstock."""
import sys

import numpy as np
import xgboost
from skl2onnx import to_onnx
from sklearn.neural_network import MLPClassifier

random = np.random.default_rng(1)
rows = random.normal(size=(20000, 32)).astype(np.float32)
labels = (rows[:, :8] @ random.normal(size=8) + rows[:, 8] * rows[:, 9] + random.normal(size=20000) > 0).astype(int)
out = sys.argv[1]
booster = xgboost.train({"max_depth": 6, "objective": "binary:logistic", "eta": 0.05}, xgboost.DMatrix(rows, labels), 500)
booster.save_model(f"{out}/forest.ubj")
net = MLPClassifier((128, 64), max_iter=5).fit(rows, labels)
onnx = to_onnx(net, rows[:1], options={"zipmap": False})
open(f"{out}/mlp.onnx", "wb").write(onnx.SerializeToString())
