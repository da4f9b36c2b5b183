"""Trains the models on made-up rows, and writes them as every server reads them:
forest.ubj, mlp.onnx, and a pipeline of scikit-learn, pipeline.pkl, with its bundle for
Penstock's Python engine."""
import pickle
import sys
from pathlib import Path

import numpy as np
import xgboost
from skl2onnx import to_onnx
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

random = np.random.default_rng(1)
rows = random.normal(size=(20000, 32)).astype(np.float32)
labels = (rows[:, :8] @ random.normal(size=8) + rows[:, 8] * rows[:, 9] + random.normal(size=20000) > 0).astype(int)
out = sys.argv[1]
booster = xgboost.train({"max_depth": 6, "objective": "binary:logistic", "eta": 0.05}, xgboost.DMatrix(rows, labels), 500)
booster.save_model(f"{out}/forest.ubj")
net = MLPClassifier((128, 64), max_iter=5).fit(rows, labels)
onnx = to_onnx(net, rows[:1], options={"zipmap": False})
open(f"{out}/mlp.onnx", "wb").write(onnx.SerializeToString())

sys.path.insert(0, str(Path(__file__).parents[3] / "client/python/src"))
import penstock  # noqa: E402

pipeline = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(rows, labels)
Path(f"{out}/pipeline.pkl").write_bytes(pickle.dumps(pipeline))
penstock.export(pipeline, f"{out}/pipeline", sample=rows, engine="python", overwrite=True)
