"""Trains models of every kind and writes what XGBoost itself predicts with them.

python library.py OUT ROWS [NAME,NAME]: writes OUT/rows.f32 and OUT/categories.f32, and
for each model NAME.json, NAME.ubj, NAME.margin.f32, NAME.score.f32 and NAME.leaf.f32.
Models that are named are small. With "again" at the end they are read instead of
trained: those of versions before 1.3, which added leaves up in another order.
"""

import sys

import numpy as np
import xgboost as xgb

out, count = sys.argv[1], int(sys.argv[2])
named = sys.argv[3].split(",") if len(sys.argv) > 3 else []
again = len(sys.argv) > 4
rounds, depth = (2, 3) if named else (8, 5)
version = tuple(int(n) for n in xgb.__version__.split(".")[:2])
new = version >= (2, 0)
rng = np.random.default_rng(7)
TRAIN = 400


def rows(n):
    x = (rng.normal(size=(n, 6)) * [1, 100, 1e-3, 1, 1, 1]).astype(np.float32)
    x[:, 3] = np.round(x[:, 3])  # many rows lie on thresholds
    return x


def categories(n, past):
    x = rows(n)
    x[:, 4] = rng.integers(-past, 5 + past, n)
    x[:, 5] = rng.integers(-past, 40 + past, n)
    return x


def holes(x):
    x[rng.random(x.shape) < 0.05] = np.nan
    return x


KINDS = ["q", "q", "float", "int", "c", "c"]
train, test = holes(rows(TRAIN)), holes(rows(count))
train_cat, test_cat = holes(categories(TRAIN, 0)), holes(categories(count, 7))
if count > 10:  # the largest rows, the least, and rows of nothing
    for x in (test, test_cat):
        x[0], x[1], x[2] = np.nan, 3e38, -3e38
test.tofile(f"{out}/rows.f32")
test_cat.tofile(f"{out}/categories.f32")


def data(x, y, cat):
    if not cat or y is None and version < (1, 5):
        return xgb.DMatrix(x, y)
    return xgb.DMatrix(x, y, feature_types=KINDS, feature_names=list("abcdef"), enable_categorical=True)


def wanted(name):
    return not named or name in named


def dump(name, booster, cat, save=None):
    x = data(test_cat if cat else test, None, cat)
    for kind in () if again else ("json", "ubj") if version >= (1, 6) else ("json",):
        (save or booster).save_model(f"{out}/{name}.{kind}")
    predict = booster.predict
    if save is not None:  # the scikit-learn interface
        cut = (0, booster.best_iteration + 1)
        predict = lambda x, **o: booster.predict(x, iteration_range=cut, **o)
    np.asarray(predict(x, output_margin=True), np.float32).tofile(f"{out}/{name}.margin.f32")
    np.asarray(predict(x), np.float32).tofile(f"{out}/{name}.score.f32")
    np.asarray(predict(x, pred_leaf=True), np.float32).tofile(f"{out}/{name}.leaf.f32")
    print(name)


signal = lambda x: np.nan_to_num(x[:, 0]) + 2 * (np.nan_to_num(x[:, 5]) % 3 > 0.5) + np.nan_to_num(x[:, 3])
y = signal(train) + rng.normal(size=TRAIN) * 0.1
LABELS = {
    "reg:squarederror": y, "reg:squaredlogerror": np.abs(y), "reg:pseudohubererror": y,
    "reg:absoluteerror": y, "reg:logistic": 1 / (1 + np.exp(-y)), "reg:gamma": np.abs(y) + 0.1,
    "reg:tweedie": np.abs(y), "count:poisson": np.abs(y).round(), "binary:logistic": y > 0.3,
    "binary:logitraw": y > 0.3, "binary:hinge": y > 0.3, "multi:softmax": np.abs(y).round() % 3,
    "multi:softprob": np.abs(y).round() % 3, "rank:pairwise": y > 0.3, "rank:ndcg": y > 0.3,
    "rank:map": y > 0.3, "survival:cox": np.abs(y) + 0.1, "survival:aft": np.abs(y) + 0.1,
}
if new:
    LABELS["reg:quantileerror"] = y


def params(objective):
    p = {"objective": objective, "max_depth": depth, "seed": 1, "nthread": 1, "tree_method": "hist"}
    if objective.startswith("multi"):
        p["num_class"] = 3
    if objective == "reg:quantileerror":
        p["quantile_alpha"] = [0.1, 0.5, 0.9]
    return p


DART = {"booster": "dart", "rate_drop": 0.3, "skip_drop": 0.1}
if again:
    for name in named:
        dump(name, xgb.Booster(model_file=f"{out}/{name}.json"), False)
    sys.exit()
for objective, label in LABELS.items():
    for cat in (False, True):
        for dart in (False, True):
            name = objective.replace(":", "-") + ("-dart" if dart else "") + ("-cat" if cat else "")
            if not wanted(name):
                continue
            d = data(train_cat if cat else train, label.astype(np.float32), cat)
            if objective.startswith("rank"):
                d.set_group([20] * (TRAIN // 20))
            if objective == "survival:aft":
                d.set_float_info("label_lower_bound", label.astype(np.float32))
                d.set_float_info("label_upper_bound", label.astype(np.float32) + 1)
            p = params(objective) | (DART if dart else {})
            dump(name, xgb.train(p, d, rounds), cat)
if named:
    sys.exit()

plain = data(train, y, False)
for method in ("exact", "approx"):
    p = params("reg:squarederror") | {"tree_method": method, "gamma": 2.0, "grow_policy": "depthwise"}
    dump("method-" + method, xgb.train(p, plain, rounds), False)
for cat in (False, True):
    p = params("reg:squarederror") | {"max_cat_to_onehot": 50}
    dump("onehot" if cat else "base", xgb.train(p | {"base_score": 0.37}, data(train_cat if cat else train, y, cat), rounds), cat)
forest = params("multi:softprob") | {"num_parallel_tree": 4, "subsample": 0.7, "colsample_bynode": 0.7}
dump("forest", xgb.train(forest, data(train, LABELS["multi:softprob"], False), 3), False)
dump("leaf", xgb.train(params("binary:logistic") | {"gamma": 1e9}, data(train, LABELS["binary:logistic"], False), 3), False)
deep = params("reg:squarederror") | {"max_depth": 0, "max_leaves": 60, "grow_policy": "lossguide"}
dump("deep", xgb.train(deep, plain, rounds), False)

targets = np.stack([y, -2 * y, y * y], 1)
dump("targets", xgb.train(params("reg:squarederror"), data(train, targets, False), rounds), False)
dump("labels", xgb.train(params("binary:logistic"), data(train, targets > 0.5, False), rounds), False)
if new:
    p = params("reg:squarederror") | {"multi_strategy": "multi_output_tree"}
    dump("vectors", xgb.train(p, data(train, targets, False), rounds), False)

wrong = 1 - LABELS["multi:softprob"] % 2
for name, o in {"early": {}, "early-dart": DART, "early-forest": {"num_parallel_tree": 3, "subsample": 0.8}}.items():
    kind = xgb.XGBClassifier(
        n_estimators=30, max_depth=3, early_stopping_rounds=3, n_jobs=1, learning_rate=0.5, **o)
    kind.fit(train, LABELS["multi:softprob"], eval_set=[(train[:60], LABELS["multi:softprob"][:60]), (train[40:90], wrong[40:90] * 2 % 3)], verbose=False)
    dump(name, kind.get_booster(), False, save=kind)
