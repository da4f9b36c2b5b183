"""Trains forests of every kind, and writes them with what scikit-learn says of rows."""

import sys

import numpy as np
import pandas as pd
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

sys.path.insert(0, sys.argv[2])
from penstock._forest import UnsupportedForest, forest_bytes, write_forest  # noqa: E402

ROWS = int(sys.argv[1])
N, F = 1500, 6
random = np.random.default_rng(5)


def sample(n):
    x = random.normal(size=(n, F))
    x[:, 1] = np.round(x[:, 1], 1)
    x[:, 2] = np.where(random.random(n) < 0.5, 0, x[:, 2])
    x[:, 3] *= 1e-35
    return x.astype(np.float32)


def holed(x):
    x = x.copy()
    x[random.random(x.shape) < 0.05] = np.nan
    return x


x = sample(N)
whole = sample(ROWS)
rows = holed(whole)
signal = x[:, 0] + np.sin(3 * x[:, 1]) + (x[:, 2] == 0) + 1e35 * x[:, 3] * (x[:, 4] > 0)
positive = np.exp(signal / 3)
three = np.digitize(signal, [0, 1])
two = three > 0


def leaf_numbers(trees, nodes):
    for i, tree in enumerate(trees):
        leaf = np.cumsum(tree.tree_.children_left == -1) - 1
        nodes[:, i] = leaf[nodes[:, i].astype(int)]
    return nodes.astype(np.int32)


def write(name, estimator, rows, given=None, **naming):
    write_forest(name + ".forest", estimator, **naming)
    given = rows if given is None else given
    rows.astype(np.float32).tofile(name + ".rows")
    if hasattr(estimator, "_raw_predict") or hasattr(estimator, "_raw_predict_init"):
        estimator._raw_predict(given).astype(np.float64).tofile(name + ".raw")
    if isinstance(estimator, IsolationForest):
        scores = -estimator.score_samples(given)
    elif hasattr(estimator, "classes_"):
        parts = estimator.predict_proba(given)
        parts = parts if isinstance(parts, list) else [parts]
        scores = np.concatenate([p[:, 1:] if p.shape[1] == 2 else p for p in parts], axis=1)
    else:
        scores = estimator.predict(given)
    scores.astype(np.float64).tofile(name + ".scores")
    if "Hist" not in type(estimator).__name__ and not isinstance(estimator, IsolationForest):
        trees = np.ravel(getattr(estimator, "estimators_", [estimator]))
        leaf_numbers(trees, np.reshape(estimator.apply(given), (len(rows), -1))).tofile(name + ".leaves")
        if not hasattr(estimator, "_raw_predict"):
            scores.astype(np.float64).tofile(name + ".raw")
    print(name)


few = {"n_estimators": 15, "random_state": 1}
for missing in (False, True):
    tail, at, given = ("_missing", holed(x), rows) if missing else ("", x, whole)
    for kind in (RandomForestClassifier, ExtraTreesClassifier):
        write(kind.__name__ + "2" + tail, kind(**few).fit(at, two), given)
        write(kind.__name__ + "3" + tail, kind(**few).fit(at, three), given)
    for kind in (RandomForestRegressor, ExtraTreesRegressor):
        write(kind.__name__ + tail, kind(**few).fit(at, signal), given)
        write(kind.__name__ + "Several" + tail, kind(**few).fit(at, np.c_[signal, positive, x[:, 0]]), given)
    write("Tree" + tail, DecisionTreeClassifier(random_state=1).fit(at, three), given)
    write("TreeRegressor" + tail, DecisionTreeRegressor(random_state=1, max_leaf_nodes=40).fit(at, signal), given)
    write("ExtraTree" + tail, ExtraTreeClassifier(random_state=1).fit(at, two), given)
    write("Isolation" + tail, IsolationForest(**few).fit(at), given)
    write("IsolationSome" + tail, IsolationForest(**few, max_features=0.5, max_samples=50).fit(at), given)
write("UnseenMissing", RandomForestClassifier(**few).fit(x, two), rows)
write("SeveralClasses", RandomForestClassifier(**few).fit(x, np.c_[two, three]), whole)
for loss in ("squared_error", "absolute_error", "huber", "quantile"):
    write("Gradient_" + loss, GradientBoostingRegressor(**few, loss=loss).fit(x, signal), whole)
    if loss != "huber":
        write("Histogram_" + loss, HistGradientBoostingRegressor(max_iter=15, loss=loss, quantile=0.7 if loss == "quantile" else None).fit(holed(x), signal), rows)
for loss in ("poisson", "gamma"):
    write("Histogram_" + loss, HistGradientBoostingRegressor(max_iter=15, loss=loss).fit(holed(x), positive), rows)
write("Gradient_zero", GradientBoostingClassifier(**few, init="zero").fit(x, two), whole)
write("Gradient_2", GradientBoostingClassifier(**few).fit(x, two), whole)
write("Gradient_exponential", GradientBoostingClassifier(**few, loss="exponential").fit(x, two), whole)
write("Gradient_3", GradientBoostingClassifier(**few).fit(x, three), whole)
write("Histogram_2", HistGradientBoostingClassifier(max_iter=15).fit(holed(x), two), rows)
write("Histogram_3", HistGradientBoostingClassifier(max_iter=15).fit(holed(x), three), rows)
write("Histogram_whole", HistGradientBoostingClassifier(max_iter=15).fit(x, three), rows)
write("Histogram_leaf", HistGradientBoostingRegressor(max_iter=3).fit(x, np.ones(N)), rows)

# Categories: of pandas, as strings and numbers, between columns of numbers.
codes = random.integers(0, 40, N)
target = signal + 2 * (codes % 7 == 3) + (codes > 30)
kinds = {"city": np.array([f"town {i}" for i in range(40)])[codes], "number": codes % 5 * 2}


def frame(numbers, kinds):
    made = pd.DataFrame(numbers.astype(np.float64), columns=list("abcdef"))
    for name, values in kinds.items():
        made.insert(3, name, pd.Categorical(values))
    return made


fitted = frame(holed(x), kinds)
towns, numbers = sorted(set(kinds["city"])), [0, 2, 4, 6, 8]
own_town, own_number = random.integers(-1, 40, ROWS), random.integers(-1, 5, ROWS)
given = frame(rows, {"city": pd.Categorical.from_codes(own_town, towns), "number": pd.Categorical.from_codes(own_number, numbers)})
coded = pd.DataFrame(rows.astype(np.float64), columns=list("abcdef"))
coded.insert(3, "city", np.where(own_town < 0, np.nan, own_town))
coded.insert(3, "number", np.where(own_number < 0, np.nan, own_number))
estimator = HistGradientBoostingRegressor(max_iter=30, categorical_features="from_dtype").fit(fitted, target)
write("Histogram_pandas", estimator, coded.to_numpy(), given)
more = np.c_[holed(x)[:, :3], codes + 0.5, holed(x)[:, 3:]]
some = np.c_[rows[:, :3], np.where(own_town < 0, np.nan, own_town), rows[:, 3:]]
estimator = HistGradientBoostingClassifier(max_iter=20, categorical_features=[3]).fit(more, target > 1)
write("Histogram_numbers", estimator, some, np.where(np.arange(7) == 3, some + 0.5, some))

estimator = RandomForestClassifier(**few).fit(np.c_[x[:, :2], codes % 3], np.array(["no", "yes"])[two.astype(int)])
coded = np.c_[whole[:, :2], random.integers(0, 3, ROWS)].astype(np.float32)
write("Named", estimator, coded, names=["a", "b", "colour"], categories=[None, None, ["red", "green", "blue"]])

for refused in (object(), RandomForestClassifier(), GradientBoostingRegressor(init=DecisionTreeRegressor()).fit(x, signal), RandomForestClassifier(n_estimators=2).fit(x, np.zeros(N))):
    try:
        forest_bytes(refused)
    except UnsupportedForest as refusal:
        assert len(str(refusal)) > 20, refusal
    else:
        raise AssertionError(f"{refused} was written")
