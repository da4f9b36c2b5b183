"""Trains models of every loss, and writes them with what CatBoost says of rows."""

import json
import sys

import catboost as cb
import numpy as np
import pandas as pd

ROWS = int(sys.argv[1])
N, F = 1000, 6
random = np.random.default_rng(5)
COMMON = {"iterations": 12, "depth": 4, "verbose": 0, "thread_count": 1, "allow_writing_files": False, "random_seed": 1}


def sample(n):
    x = random.normal(size=(n, F))
    x[:, 1] = np.round(x[:, 1], 1)
    x[:, 2] = np.where(random.random(n) < 0.5, 0, x[:, 2])
    return x.astype(np.float32)


def holed(x):
    x = x.copy()
    x[random.random(x.shape) < 0.05] = np.nan
    return x


x, rows = sample(N), holed(sample(ROWS))
signal = (x[:, 0] + np.sin(3 * x[:, 1]) + (x[:, 2] == 0)).astype(np.float64)
positive, unit, three = np.exp(signal / 3), 1 / (1 + np.exp(-signal)), np.digitize(signal, [0, 1])
two = (three > 0).astype(int)


def write(name, model, rows, given=None):
    # The file has each number to the last bit, but CatBoost itself reads some of them
    # back with another last bit: what the model says is asked of the one that was trained.
    model.save_model(name + ".json", format="json")
    given = rows if given is None else given
    rows.astype(np.float32).tofile(name + ".rows")
    raw = np.reshape(model.predict(given, prediction_type="RawFormulaVal", thread_count=1), (len(rows), -1))
    raw.astype(np.float64).tofile(name + ".raw")
    loss = json.load(open(name + ".json"))["model_info"]["params"]["loss_function"]["type"]
    scores = raw
    if loss in ("Poisson", "Tweedie"):
        scores = model.predict(given, prediction_type="Exponent", thread_count=1)
    elif loss in ("Logloss", "CrossEntropy", "Focal"):
        scores = model.predict(given, prediction_type="Probability", thread_count=1)[:, 1]
    elif loss.startswith("Multi") and "RMSE" not in loss and "Quantile" not in loss:
        scores = model.predict(given, prediction_type="Probability", thread_count=1)
    np.ascontiguousarray(scores, np.float64).tofile(name + ".scores")
    if len({len(t["splits"]) for t in json.load(open(name + ".json")).get("oblivious_trees", [])}) == 1:
        model.calc_leaf_indexes(cb.Pool(given, cat_features=model.get_cat_feature_indices())).astype(np.int32).tofile(name + ".leaves")
    print(name)


def fit(y, loss, x=x, pool=None, **more):
    model = cb.CatBoost({**COMMON, "loss_function": loss, **more})
    return model.fit(cb.Pool(x, y, **(pool or {})))


train = holed(x)
for loss in ["RMSE", "MAE", "Quantile:alpha=0.3", "LogLinQuantile:alpha=0.5", "Expectile:alpha=0.3", "Huber:delta=1", "Lq:q=3", "MAPE", "LogCosh", "Cox", "Poisson", "Tweedie:variance_power=1.5"]:
    write(loss.split(":")[0], fit(positive, loss, train), rows)
write("Logloss", fit(two, "Logloss", train), rows)
write("Logloss_names", fit(np.array(["no", 'yes"é'])[two], "Logloss", train), rows)
write("Focal", fit(two, "Focal:focal_alpha=0.5;focal_gamma=2", train), rows)
write("CrossEntropy", fit(unit, "CrossEntropy", train), rows)
write("MultiClass", fit(three + 0.5, "MultiClass", train), rows)
write("MultiClassOneVsAll", fit(three, "MultiClassOneVsAll", train), rows)
write("MultiLogloss", fit(np.c_[two, x[:, 3] > 0, x[:, 4] > 0].astype(int), "MultiLogloss", train), rows)
write("MultiCrossEntropy", fit(np.c_[unit, unit / 2], "MultiCrossEntropy", train), rows)
write("MultiRMSE", fit(np.c_[signal, positive], "MultiRMSE", train), rows)
write("MultiQuantile", fit(signal, "MultiQuantile:alpha=0.1,0.5", train), rows)
group = {"group_id": np.repeat(np.arange(50), 20)}
for loss in ["YetiRank", "YetiRankPairwise", "PairLogit", "QueryRMSE", "QuerySoftMax", "LambdaMart", "StochasticRank:metric=NDCG"]:
    write(loss.split(":")[0], fit(two, loss, train, group), rows)
for mode in ["Max", "Forbidden"]:
    write("Missing" + mode, fit(signal, "RMSE", x if mode == "Forbidden" else train, nan_mode=mode), rows)
for policy in ["Depthwise", "Lossguide"]:
    write(policy, fit(signal, "RMSE", train, grow_policy=policy), rows)
    write(policy + "_classes", fit(three, "MultiClass", train, grow_policy=policy), rows)
    write(policy + "_max", fit(signal, "RMSE", train, grow_policy=policy, nan_mode="Max"), rows)
write("Leaf", fit(signal, "RMSE", train, min_data_in_leaf=10**6, grow_policy="Lossguide"), rows)
scaled = fit(signal, "RMSE", train)
scaled.set_scale_and_bias(1.7, 0.3)
write("Scaled", scaled, rows)

# Categories, each by itself, with names of every length that is hashed in its own way.
names = ["", "a", "é", "abc", "four", "12345678", "123456789", "x" * 16, "y" * 17, "z" * 32, "w" * 33, "lorem ipsum " * 5, "u" * 64, "v" * 65, "ten letters " * 20, "3", "4"]
codes = random.integers(0, len(names), N)
numbers = random.integers(0, 5, N)
frame = pd.DataFrame(train, columns=list("abcdef"))
frame.insert(1, "name", np.array(names, object)[codes])
frame.insert(3, "number", numbers)
target = signal + random.normal(size=len(names))[codes] * 3 + (numbers == 2) * 2
own, own_number = random.integers(0, len(names) + 1, ROWS), random.integers(0, 6, ROWS)
given = pd.DataFrame(rows, columns=list("abcdef"))
given.insert(1, "name", np.array([*names, "unseen"], object)[own])
given.insert(3, "number", own_number)
coded = given.assign(name=own, number=own_number).to_numpy().astype(np.float32)
for name, more in {"Categories": {}, "Categories_lossguide": {"grow_policy": "Lossguide"}}.items():
    write(name, fit(target, "RMSE", frame, {"cat_features": ["name", "number"]}, one_hot_max_size=100, iterations=40, **more), coded, given)
with open("names.txt", "w") as file:
    json.dump(names, file)
fit(target, "RMSE", frame, {"cat_features": ["name", "number"]}).save_model("statistics.model", format="json")
fit(signal, "RMSEWithUncertainty").save_model("uncertainty.model", format="json")
