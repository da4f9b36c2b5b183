"""Writes oracle.json: what scipy and numpy say of the tests that a detector makes.

    python3 -m venv VENV && VENV/bin/pip install numpy==2.4.6 scipy==1.17.1
    VENV/bin/python oracle.py
"""
import json
from pathlib import Path

import numpy as np
from scipy import stats

random = np.random.default_rng(13)


def tail():
    x, df = float(random.exponential(60)), int(random.integers(1, 13))
    return {"x": x, "df": df, "p": float(stats.chi2.sf(x, df))}


def exact():
    n, m = int(random.choice([500, 1000])), int(random.choice([300, 1000, 10000, 60000]))
    t = int(random.integers(1, 60))
    k = int(random.integers(0, t + 1))
    return {"k": k, "t": t, "n": n, "m": m, "p": float(stats.hypergeom.sf(k - 1, n + m, t, n))}


def samples():
    bins = int(random.integers(2, 12))
    shares = random.dirichlet(np.full(bins, 2.0))
    other = shares * np.exp(random.normal(0, 0.3, bins))
    live = random.multinomial(1000, shares)
    reference = random.multinomial(int(random.choice([500, 10000])), other / other.sum())
    kept = live + reference > 0
    return live[kept], reference[kept]


def form():
    live, reference = samples()
    table = np.array([live, reference])
    g, _, df, _ = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    total = table.sum()
    # Williams 1976, as Sokal and Rohlf, Biometry, 3rd edition, section 17.4, have it.
    q = 1 + (total * (1 / table.sum(0)).sum() - 1) * (total * (1 / table.sum(1)).sum() - 1) / (6 * total * df)
    return {"live": live.tolist(), "reference": reference.tolist(), "g": float(g / q), "df": int(df)}


def rank():
    live, reference = samples()
    rows = np.concatenate([np.repeat(np.arange(len(live)), live), np.repeat(np.arange(len(live)), reference)])
    scores = stats.norm.ppf((stats.rankdata(rows) - 0.5) / len(rows))
    n, total = int(live.sum()), len(rows)
    variance = n * (total - n) / total * scores.var(ddof=1)
    z = (scores[:n].sum() - n * scores.mean()) / np.sqrt(variance)
    return {"live": live.tolist(), "reference": reference.tolist(), "z": float(z)}


def discovery():
    p = random.beta(0.3, 3, int(random.integers(1, 50)))
    return {"p": p.tolist(), "q": stats.false_discovery_control(p).tolist()}


cases = {"tail": [tail() for _ in range(100)], "exact": [exact() for _ in range(200)],
         "form": [form() for _ in range(60)], "rank": [rank() for _ in range(60)],
         "discovery": [discovery() for _ in range(20)]}
text = json.dumps(cases, indent=None, separators=(",", ":"))
(Path(__file__).parent / "oracle.json").write_text(text.replace("},{", "},\n{") + "\n")
