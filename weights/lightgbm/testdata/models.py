"""Trains models of every objective, and writes them with what LightGBM says of rows."""

import sys

import lightgbm as lgb
import numpy as np
import pandas as pd

ROWS = int(sys.argv[1])
random = np.random.default_rng(5)


def holes(x, share=0.05):
    x = x.astype(np.float32)
    x[random.random(x.shape) < share] = np.nan
    return x


def write(name, booster, rows, given=None):
    booster.save_model(name + ".txt")
    booster = lgb.Booster(model_file=name + ".txt")
    given = rows.astype(np.float64) if given is None else given
    rows.tofile(name + ".rows")
    booster.predict(given, pred_leaf=True).astype(np.int32).tofile(name + ".leaves")
    raw = booster.predict(given, raw_score=True).astype(np.float64)
    if name.startswith("rf"):  # of which LightGBM's raw scores are no averages
        raw /= booster.num_trees() / booster.num_model_per_iteration()
    raw.tofile(name + ".raw")
    booster.predict(given).astype(np.float64).tofile(name + ".scores")
    print(name)


def train(x, y, rounds=12, categorical="auto", group=None, **params):
    params = {"verbose": -1, "num_threads": 1, "num_leaves": 15, "min_data_in_leaf": 5, **params}
    return lgb.train(params, lgb.Dataset(x, y, group=group, categorical_feature=categorical), rounds)


# Training rows are float64, so that thresholds lie between float32 numbers; a feature
# of few values and zeros has rows that lie on thresholds.
N, F = 1500, 6


def sample(n):
    x = random.normal(size=(n, F))
    x[:, 1] = np.round(x[:, 1], 1)
    x[:, 2] = np.where(random.random(n) < 0.5, 0, x[:, 2])
    x[:, 3] *= 1e-35
    return x


x = sample(N)
holed = x.copy()
holed[random.random(x.shape) < 0.05] = np.nan
rows = holes(sample(ROWS))
signal = x[:, 0] + np.sin(3 * x[:, 1]) + (x[:, 2] == 0) + 1e35 * x[:, 3] * (x[:, 4] > 0)
positive = np.exp(signal / 3)
unit = 1 / (1 + np.exp(-signal))
three = np.digitize(signal, [0, 1])

for objective in ["regression", "regression_l1", "huber", "fair", "quantile", "mape", "poisson", "gamma", "tweedie"]:
    write(objective, train(holed, positive, objective=objective), rows)
for objective in ["regression", "regression_l1", "fair", "quantile", "mape"]:
    write(objective + "_sqrt", train(holed, positive, objective=objective, reg_sqrt=True), rows)
for objective in ["cross_entropy", "cross_entropy_lambda"]:
    write(objective, train(holed, unit, objective=objective), rows)
write("binary", train(holed, three > 0, objective="binary"), rows)
write("binary_sigmoid", train(holed, three > 0, objective="binary", sigmoid=1.7), rows)
write("multiclass", train(holed, three, objective="multiclass", num_class=3), rows)
write("multiclassova", train(holed, three, objective="multiclassova", num_class=3, sigmoid=0.7), rows)
for objective in ["lambdarank", "rank_xendcg"]:
    write(objective, train(holed, three, group=[100] * 15, objective=objective), rows)
write("custom", train(holed, signal, objective=lambda p, d: (p - d.get_label(), np.ones_like(p))), rows)
write("rf", train(holed, signal, objective="regression", boosting="rf", bagging_freq=1, bagging_fraction=0.5), rows)
write("rf_multiclass", train(holed, three, objective="multiclass", num_class=3, boosting="rf", bagging_freq=1, bagging_fraction=0.5), rows)
write("dart", train(holed, signal, objective="regression", boosting="dart", drop_rate=0.5), rows)
write("whole", train(x, signal, objective="regression"), rows)  # missing type none
write("zero", train(holed, signal, objective="regression", zero_as_missing=True), rows)
write("leaf", train(x, np.ones(N), objective="regression"), rows)
write("deep", train(holed, signal, objective="regression", num_leaves=200, min_data_in_leaf=1), rows)

# Categories as integers, of which rows have some that training had not, and as
# pandas' columns.
codes = random.integers(0, 70, N)
x2 = holed.copy()
x2[:, 5] = codes
target = signal + (codes % 7 == 3) * 3 + (codes > 64)
seen = holes(sample(ROWS))
seen[:, 5] = random.choice(np.r_[np.arange(-3, 110), 2.5, 1e9, -0.5, np.nan], ROWS)
write("integers", train(x2, target, categorical=[5], objective="regression", min_data_per_group=5, cat_smooth=1), seen)
write("one_hot", train(x2, target, categorical=[5], objective="regression", max_cat_to_onehot=100), seen)

frame = pd.DataFrame(holed, columns=["a", "b b", "c", "d", "é", "f"])
colours = np.array(["red", 'gre"en', "blue\u00e9", "white"])
kinds = {"colour": pd.Categorical(colours[codes % 4]), "number": pd.Categorical(codes % 5 * 2), "yes": pd.Categorical(codes % 2 == 0)}
for name, kind in kinds.items():
    frame.insert(2, name, kind)
booster = train(frame, target + 2 * (codes % 4 == 1) + (codes % 5), objective="regression", min_data_per_group=5, cat_smooth=1, cat_l2=1)
plain = pd.DataFrame(holes(sample(ROWS)).astype(np.float64), columns=["a", "b b", "c", "d", "é", "f"])
coded = plain.copy()
for name, kind in kinds.items():
    own = random.integers(-1, len(kind.categories), ROWS)
    plain.insert(2, name, pd.Categorical.from_codes(own, kind.categories))
    coded.insert(2, name, np.where(own < 0, np.nan, own))
write("pandas", booster, coded.to_numpy().astype(np.float32), plain)
train(x, signal, objective="regression", linear_tree=True).save_model("linear.model")
