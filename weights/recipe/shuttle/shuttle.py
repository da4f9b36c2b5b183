"""Trains the bundle weights/shuttle: which state a space shuttle's radiator is in, by
nine sensors. shuttle.py SHUTTLE.RDA OUT

The data is Statlog (Shuttle), as R's package mlbench has it. Sensors fail: of the
readings but the first one in fifty is taken out, at random, in training and in what
is held out, so that the model knows holes.
"""

import csv
import json
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import rdata
import xgboost

import penstock

HELD_OUT = 2000
ROUNDS = 30

source, out = sys.argv[1:]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # an encoding that it takes for ASCII, which it is
    table = rdata.read_rda(source)["Shuttle"]
random = np.random.default_rng(20261126)
table = table.sample(frac=1, random_state=random)
labels = table.pop("Class").astype(str)
classes = sorted(labels.unique())
rows = table.astype("float32")
holes = random.random(rows.shape) < 0.02
holes[:, 0] = False
rows = rows.mask(holes)

train, held = rows.iloc[HELD_OUT:], rows.iloc[:HELD_OUT]
codes = pd.Series(pd.Categorical(labels, categories=classes).codes, index=labels.index)
# Some states are so rare that a tree would never look at them.
weights = (1 / codes.iloc[HELD_OUT:].map(codes.iloc[HELD_OUT:].value_counts())) ** 0.5
model = xgboost.XGBClassifier(n_estimators=ROUNDS, max_depth=4, learning_rate=0.4, n_jobs=1, random_state=1)
model.fit(train, codes.iloc[HELD_OUT:], sample_weight=weights / weights.mean())

shutil.rmtree(out, ignore_errors=True)
penstock.export(model, out, sample=train, labels=labels.iloc[HELD_OUT:], name="shuttle", version="1", classes=classes)

truth = labels.iloc[:HELD_OUT]
with open(Path(out) / "heldout.csv", "w", newline="") as file:
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow([*rows.columns, "label"])
    for row, label in zip(held.itertuples(index=False), truth):
        lines.writerow(["" if np.isnan(x) else f"{x:g}" for x in row] + [label])
guess = np.array(classes)[model.predict(held)]
wrong = {c: int(((guess != truth) & (truth == c)).sum()) for c in classes}
measured = {
    "held_out": {
        "rows": HELD_OUT,
        "accuracy": float((guess == truth).mean()),
        "wrong_by_class": wrong,
        "rows_by_class": {c: int((truth == c).sum()) for c in classes},
    }
}
(Path(out) / "measured.json").write_text(json.dumps(measured, indent=2) + "\n")
(Path(out) / "CREDITS.md").write_text("""# Credits

The rows in `heldout.csv`, `golden.json` and `reference.json`, and those that the trees were trained on, are from the data set Statlog (Shuttle), which NASA gave to the Statlog project (Michie, Spiegelhalter, Taylor, "Machine Learning, Neural and Statistical Classification", 1994) and the [UCI Machine Learning Repository](https://archive.ics.uci.edu/dataset/148/statlog+shuttle) publishes. They are taken from the package [mlbench](https://cran.r-project.org/package=mlbench) for R, by Friedrich Leisch and Evgenia Dimitriadou, which Debian has as `r-cran-mlbench` under the GPL, version 2; what is here is a selection, in which one reading in fifty was taken out.

`../recipe/run.sh shuttle` fetches that package and trains the model.
""")
print(json.dumps(measured, indent=2))
