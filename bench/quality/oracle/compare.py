"""Every measure that the server tells, beside the library's."""

from __future__ import annotations

import urllib.error
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as m

import libraries as lib
from exported import Exported, distributions, single
from libraries import Floats
from server import Server
from table import SINGLE, Table
from traffic import Request

MINUTE = 60 * 10**9
Measured = dict[str, tuple[Any, str]]


def right_or_wrong(x: Exported) -> Measured:
    said: Measured = {}
    if x.model.kind == "class":
        truth, predicted = x.indices("label"), x.indices("prediction")
    else:
        truth, predicted = x.indicators("label"), x.indicators("prediction")
    right = int(m.accuracy_score(truth, predicted, normalize=False))
    said["correct"] = right, "sklearn accuracy_score(normalize=False)"
    said["accuracy"] = m.accuracy_score(truth, predicted), "sklearn accuracy_score"
    said["interval"] = lib.wilson(right, len(x)), "scipy proportion_ci(wilson)"
    return said


def of_classes(x: Exported) -> Measured:
    truth, p, every = x.indices("label"), x.scores(), range(len(x.model.classes))
    right = truth == x.indices("prediction")
    said = right_or_wrong(x)
    said["log_loss"] = m.log_loss(truth, p, labels=every), "sklearn log_loss, of the replies' scores"
    said["brier"] = (x.numbers("squares") - 2 * x.numbers("probability") + 1).mean(), "Brier, by definition of the columns"
    said["calibration_error"] = lib.calibration_error(right, x.numbers("shown_confidence"))
    return {**said, **of_sets(x)}


def of_labels(x: Exported) -> Measured:
    truth, p = x.indicators("label"), x.lists("confidence")
    each = range(truth.shape[1])
    said = right_or_wrong(x)
    said["log_loss"] = np.mean([m.log_loss(truth[:, k], p[:, k], labels=[0, 1]) for k in each]), "sklearn log_loss, mean over labels"
    said["brier"] = np.mean([m.brier_score_loss(truth[:, k], p[:, k], labels=[0, 1], pos_label=1) for k in each]), "sklearn brier_score_loss, mean over labels"
    said["calibration_error"] = lib.calibration_error(truth.ravel() == 1, p.ravel())
    return said


def of_values(x: Exported) -> Measured:
    truth, predicted = x.lists("label"), x.lists("prediction")
    said: Measured = {
        "mean_absolute_error": (m.mean_absolute_error(truth, predicted), "sklearn mean_absolute_error"),
        "root_mean_square_error": (np.sqrt(m.mean_squared_error(truth, predicted)), "sklearn mean_squared_error, its root"),
        "r2": (m.r2_score(truth, predicted) if len(x) > 1 else None, "sklearn r2_score"),
    }
    return {**said, **of_sets(x)}


def of_sets(x: Exported) -> Measured:
    judged = x.where(x.column("set_size") != "")
    if not len(judged):
        return {"set_coverage": (None, ""), "set_size": (None, "")}
    return {
        "set_coverage": (judged.flags("covered").mean(), "numpy mean of covered"),
        "set_size": (judged.numbers("set_size").mean(), "numpy mean of set_size"),
    }


OF: dict[str, Callable[[Exported], Measured]] = {"class": of_classes, "labels": of_labels, "values": of_values}


def over_time(t: Table, server: Server, x: Exported, requests: list[Request]) -> None:
    """What /api/quality?window= says, by when rows were predicted and by when they were labelled: each minute, and all."""
    for by, column in (("prediction", "predicted_at"), ("label", "labelled_at")):
        told = server.quality(window="1h", by=by, model=x.model.name)[x.model.name]["over_time"]
        minutes = x.column(column) // MINUTE
        points = [OF[x.model.kind](x.where(minutes == minute)) for minute in np.unique(minutes)]
        labelled = [p for p in told["points"] if p["labelled"]]
        t.add(x.model.name, f"labelled, each minute by {by}", [p["labelled"] for p in labelled], np.unique(minutes, return_counts=True)[1], "numpy unique")
        for name, (_, how) in points[0].items():
            t.add(x.model.name, f"{name}, each minute by {by}", [p[name] for p in labelled], [p[name][0] for p in points], how)
        for name, (value, how) in OF[x.model.kind](x).items():
            t.add(x.model.name, f"{name}, the window by {by}", told["total"][name], value, how)
        if x.model.kind == "class":
            truth, p = x.indices("label"), x.scores()
            want = m.brier_score_loss(truth, p, labels=range(p.shape[1]), scale_by_half=False)
            t.add(x.model.name, f"brier, the window by {by}", told["total"]["brier"], want, "sklearn brier_score_loss, of the replies' scores; kept as float32", SINGLE)
            per_class(t, x, told, by)
        if by == "prediction":
            promised(t, x, told["total"], requests)
            who(t, x, told)


def per_class(t: Table, x: Exported, told: dict[str, Any], by: str) -> None:
    every = range(len(x.model.classes))
    scores = m.precision_recall_fscore_support(x.indices("label"), x.indices("prediction"), labels=every, zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "support"), scores):
        t.add(x.model.name, f"per_class {name} by {by}", [c[name] for c in told["per_class"]], values, "sklearn precision_recall_fscore_support")


def promised(t: Table, x: Exported, total: dict[str, Any], requests: list[Request]) -> None:
    """What is known of predicted rows, labelled or not: of the replies."""
    rows = sum(len(q.rows) for q in requests)
    coverage = len(x) / rows
    t.add(x.model.name, "predicted", total["predicted"], rows, "replies, counted")
    t.add(x.model.name, "label_coverage", total["label_coverage"], coverage, "exported by replies")
    if x.model.kind == "values":
        return
    accuracy = right_or_wrong(x)["accuracy"][0]
    t.add(x.model.name, "bounds", total["bounds"], [coverage * accuracy, coverage * accuracy + 1 - coverage], "Manski, by definition")
    if x.model.kind == "class":
        mean, how = winning(x, requests)
        residual = right(x) - x.numbers("shown_confidence")
        t.add(x.model.name, "mean_confidence", total["mean_confidence"], mean, how)
        t.add(x.model.name, "estimate", total["estimate"], mean + residual.mean(), how + ", and the mean residual")


def winning(x: Exported, requests: list[Request]) -> tuple[float, str]:
    place = {c: i for i, c in enumerate(x.model.classes)}
    shown = single([p for q in requests for p in q.shown])
    return lib.mean_winning_probability(shown, np.array([place[c] for q in requests for c in q.predictions]), len(place))


def right(x: Exported) -> NDArray[np.bool_]:
    return x.flags("correct")


def parts(x: Exported, names: NDArray[Any]) -> dict[str, tuple[int, int]]:
    ok = right(x)
    return {str(n): (int((names == n).sum()), int(ok[names == n].sum())) for n in np.unique(names)}


def who(t: Table, x: Exported, told: dict[str, Any]) -> None:
    if x.model.kind == "values":
        return
    want = lib.influence(parts(x, x.column("caller")))
    for name, value in want.items():
        t.add(x.model.name, f"influence {name}", told["influence"][name], value, "numpy, by definition")


FEW = ""
"""The name of rows that are in none of the slices that are told of, all of which have few."""


def bins_of(x: Exported, names: list[str]) -> NDArray[Any]:
    """The sliced column of each row, by the names of its bins: "≤ 3", "3 to 7", "> 7" and "missing"."""
    assert x.model.column is not None
    values = x.model.column[[q.rows[int(c["row"])] for q, c in zip(x.requests, x.cells)]]
    said = np.full(len(values), FEW, object)
    for name in names:
        low, high = -np.inf, np.inf
        what = name.split(" ", 1)[1]
        if what == "missing":
            said[np.isnan(values)] = name
            continue
        if what[0] in "≤>":
            low, high = (low, float(what[2:])) if what[0] == "≤" else (float(what[2:]), high)
        else:
            low, high = map(float, what.split(" to "))
        said[(values > low) & (values <= high)] = name
    return said


def slices(t: Table, server: Server, x: Exported) -> None:
    if x.model.kind == "values":
        return
    ways = {"version": x.column("version"), "caller": x.column("caller")}
    if x.model.kind == "class":
        ways["class"] = x.column("label")
    if x.model.column is not None:
        told = server.get("/api/quality/slices", model=x.model.name, window="1d", by="slice")
        ways["slice"] = bins_of(x, [s["name"] for s in told["slices"]])
    for by, names in ways.items():
        told = server.get("/api/quality/slices", model=x.model.name, window="1d", by=by)
        want, of = lib.compared(parts(x, names)), {s["name"]: s for s in told["slices"]}
        want.pop(FEW, None)
        t.add(x.model.name, f"slices by {by}: names", sorted(of), sorted(want), "the export")
        if FEW not in names:
            t.add(x.model.name, f"slices by {by}: too_few", told["too_few"], len(parts(x, names)) - len(want), "the export")
        both = sorted(set(of) & set(want))
        for at, (name, how) in enumerate((("accuracy", "numpy mean"), ("interval", "scipy proportion_ci(wilson)"), ("", ""), ("q", "scipy fisher_exact, false_discovery_control"), ("worse", "the same"))):
            if name and both:
                value = [(want[n][1:3] if name == "interval" else want[n][at]) for n in both]
                t.add(x.model.name, f"slices by {by}: {name}", [of[n][name] for n in both], value, how)


def curve(t: Table, server: Server, x: Exported) -> None:
    if len(x.model.classes) != 2 or x.model.kind != "class":
        return
    told = server.get("/api/quality/curve", model=x.model.name, window="1d")
    confidence = x.numbers("confidence")
    score = np.where(x.column("prediction") == x.model.classes[1], confidence, 1 - confidence)
    truth = x.column("label") == x.model.classes[1]
    t.add(x.model.name, "curve rows", told["rows"], len(x), "the export")
    t.add(x.model.name, "roc_auc", told["roc_auc"], m.roc_auc_score(truth, score), "sklearn roc_auc_score")
    t.add(x.model.name, "average_precision", told["average_precision"], m.average_precision_score(truth, score), "sklearn average_precision_score")
    fpr, tpr, thresholds = m.roc_curve(truth, score, drop_intermediate=False)
    at = {s: (round(float(tp * truth.sum())), round(float(fp * (~truth).sum()))) for s, tp, fp in zip(thresholds.tolist(), tpr, fpr)}
    want = [(at[p["threshold"]][0], at[p["threshold"]][1], truth.sum() - at[p["threshold"]][0], (~truth).sum() - at[p["threshold"]][1]) for p in told["points"]]
    t.add(x.model.name, "curve points: tp, fp, fn, tn", [[p["tp"], p["fp"], p["fn"], p["tn"]] for p in told["points"]], want, "sklearn roc_curve")


def residuals(t: Table, server: Server, x: Exported) -> None:
    if x.model.kind != "values":
        return
    told = server.get("/api/quality/residuals", model=x.model.name, window="1d")
    residual = (x.lists("label") - x.lists("prediction")).ravel()
    at = [q["p"] for q in told["quantiles"]]
    t.add(x.model.name, "residual quantiles", [q["value"] for q in told["quantiles"]], np.quantile(residual, at), "numpy quantile")
    counts, edges = np.histogram(residual, len(told["histogram"]))
    t.add(x.model.name, "residual histogram: counts", [b["count"] for b in told["histogram"]], counts, "numpy histogram")
    borders = [b["lower"] for b in told["histogram"]] + [told["histogram"][-1]["upper"]]
    t.add(x.model.name, "residual histogram: borders", borders, edges, "numpy histogram")


def worst(t: Table, server: Server, x: Exported) -> None:
    if x.model.kind != "class":
        return
    told = server.get("/api/quality/worst", model=x.model.name, window="1d")["examples"]
    surest = np.sort(x.numbers("shown_confidence")[~right(x)])[::-1][:20]
    t.add(x.model.name, "worst: confidences", [e["confidence"] for e in told], surest, "numpy sort")


def since_the_start(t: Table, told: dict[str, Any], x: Exported, requests: list[Request]) -> None:
    """What /api/quality says without a window: of the version that is served, from memory that outlives the process."""
    name = x.model.name
    rows = sum(len(q.rows) for q in requests)
    t.add(name, "since the start: predicted", told["predicted"], rows, "replies, counted")
    t.add(name, "since the start: labelled", told["labelled"], len(x), "the export")
    t.add(name, "since the start: label_coverage", told["label_coverage"], len(x) / rows, "exported by replies")
    t.add(name, "since the start: label_delay_ms, beyond 1 %", late(told["label_delay_ms"], x), [0] * 4, "numpy sort")
    if x.model.kind == "values":
        measured_values(t, told, x)
        return
    measured = right_or_wrong(x)
    for api, key in (("correct", "correct"), ("accuracy", "accuracy"), ("accuracy_interval", "interval")):
        t.add(name, f"since the start: {api}", told[api], *measured[key])
    if x.model.kind == "labels":
        measured_labels(t, told, x)
        return
    measured_classes(t, told, x)
    estimate(t, told["estimate"], x, requests)


def late(told: dict[str, float], x: Exported) -> list[float]:
    """By what share quantiles of the delay are farther than 1 % from the rows around that quantile."""
    delay = np.sort((x.column("labelled_at") - x.column("predicted_at")) / 1e6)
    n, beyond = len(delay), []
    for key, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1)):
        low, high = delay[max(int(q * n) - 2, 0)], delay[min(int(q * n) + 1, n - 1)]
        beyond.append(max(0.0, 0.99 - told[key] / low, told[key] / high - 1.01))
    return beyond


def measured_values(t: Table, told: dict[str, Any], x: Exported) -> None:
    want = of_values(x)
    for key in ("mean_absolute_error", "root_mean_square_error"):
        t.add(x.model.name, f"since the start: {key}", told[key], *want[key])
    if told["values"]:
        truth, predicted = x.lists("label"), x.lists("prediction")
        t.add(x.model.name, "values: mean_absolute_error", [v["mean_absolute_error"] for v in told["values"]], m.mean_absolute_error(truth, predicted, multioutput="raw_values"), "sklearn mean_absolute_error(raw_values)")
        t.add(x.model.name, "values: root_mean_square_error", [v["root_mean_square_error"] for v in told["values"]], m.root_mean_squared_error(truth, predicted, multioutput="raw_values"), "sklearn root_mean_squared_error(raw_values)")


def measured_labels(t: Table, told: dict[str, Any], x: Exported) -> None:
    truth, predicted = x.indicators("label"), x.indicators("prediction")
    name = x.model.name
    t.add(name, "hamming_loss", told["hamming_loss"], m.hamming_loss(truth, predicted), "sklearn hamming_loss")
    for average in ("micro", "macro"):
        t.add(name, f"{average}_f1", told[f"{average}_f1"], m.f1_score(truth, predicted, average=average, zero_division=0), f"sklearn f1_score({average})")
    matrix = m.multilabel_confusion_matrix(truth, predicted)
    counts = [[l[k] for k in ("true_negative", "false_positive", "false_negative", "true_positive")] for l in told["labels"]]
    t.add(name, "labels: counts", counts, matrix.reshape(len(matrix), 4), "sklearn multilabel_confusion_matrix")
    scores = m.precision_recall_fscore_support(truth, predicted, zero_division=0)
    for key, values in zip(("precision", "recall", "f1"), scores):
        t.add(name, f"labels: {key}", [l[key] for l in told["labels"]], values, "sklearn precision_recall_fscore_support")
    reliability(t, told, name, truth.ravel() == 1, x.lists("confidence").ravel())


def measured_classes(t: Table, told: dict[str, Any], x: Exported) -> None:
    name, every = x.model.name, range(len(x.model.classes))
    truth = x.indices("label")
    t.add(name, "confusion", told["confusion"], m.confusion_matrix(truth, x.indices("prediction"), labels=every), "sklearn confusion_matrix")
    if len(every) > 2:
        there = x.where(np.array([not q.gone for q in x.requests]))  # what else is known of predictions goes with them
        p, truth = there.scores(), there.indices("label")
        want = [m.top_k_accuracy_score(truth, p, k=one["k"], labels=every) for one in told["top_k"]]
        t.add(name, "top_k", [one["accuracy"] for one in told["top_k"]], want, "sklearn top_k_accuracy_score, of the replies' scores")
    reliability(t, told, name, right(x), x.numbers("confidence"))


def reliability(t: Table, told: dict[str, Any], name: str, ok: NDArray[np.bool_], confidence: Floats) -> None:
    """The reliability diagram since the start, of the model's own confidences."""
    t.add(name, "calibration_error, of the model's own", told["calibration_error"], *lib.calibration_error(ok, confidence))
    counts, edges = np.histogram(confidence, lib.BINS, (0, 1))
    sums = np.histogram(confidence, edges, weights=confidence)[0]
    hits = np.histogram(confidence, edges, weights=ok.astype(float))[0]
    t.add(name, "calibration: counts", [b["count"] for b in told["calibration"]], counts, "numpy histogram")
    for key, values in (("mean_confidence", sums), ("accuracy", hits)):
        want = [v / n if n else None for v, n in zip(values.tolist(), counts.tolist())]
        t.add(name, f"calibration: {key}", [b[key] for b in told["calibration"]], want, "numpy histogram")


def estimate(t: Table, told: dict[str, Any], x: Exported, requests: list[Request]) -> None:
    mean, how = winning(x, requests)
    shown = x.numbers("shown_confidence")
    residual = right(x) - shown
    error2 = max(residual.var(), (shown * (1 - shown)).mean()) / len(x)
    half = stats.norm.ppf(0.975) * np.sqrt(error2)
    accuracy = mean + residual.mean()
    rows = sum(len(q.rows) for q in requests)
    wide = stats.norm.ppf(0.975) * np.sqrt(error2 + accuracy * (1 - accuracy) / rows)
    t.add(x.model.name, "estimate: accuracy", told["accuracy"], accuracy, how + ", and the mean residual")
    t.add(x.model.name, "estimate: interval", told["interval"], [max(0, accuracy - wide), min(1, accuracy + wide)], "scipy norm, by definition")
    t.add(x.model.name, "estimate: measured", told["measured"], right(x).mean(), "numpy mean")
    t.add(x.model.name, "estimate: residual", told["residual"], residual.mean(), "numpy mean")
    t.add(x.model.name, "estimate: residual_interval", told["residual_interval"], [residual.mean() - half, residual.mean() + half], "scipy norm, by definition")


def calibrator(t: Table, told: dict[str, Any], x: Exported) -> None:
    """What is said of the newest 2,000 rows, all of which were predicted with the calibrator in force."""
    name, newest = x.model.name, x.where(np.arange(len(x)) >= len(x) - lib.WINDOW)
    raw, shown, ok = newest.numbers("confidence"), newest.numbers("shown_confidence"), right(newest)
    t.add(name, "calibrator: rows", told["rows"], len(newest), "the export")
    t.add(name, "calibrator: shown, on average", float(single(calibrated(told, raw)).mean()), shown.mean(), f"{told['kind']}, numpy by definition")
    t.add(name, "calibrator: ece_raw", told["ece_raw"], *lib.calibration_error(ok, raw))
    t.add(name, "calibrator: ece", told["ece"], *lib.calibration_error(ok, shown))
    t.add(name, "calibrator: ece_floor", told["ece_floor"], lib.floor(shown), "numpy, by definition")
    t.add(name, "calibrator: z", told["z"], *lib.spiegelhalter(ok, shown))
    t.add(name, "calibrator: mean_gap", told["mean_gap"], shown.mean() - ok.mean(), "numpy mean")


def calibrated(told: dict[str, Any], p: Floats) -> Floats:
    if told["kind"] == "identity":
        return p
    tiny = 2.0**-25
    p = np.clip(p, tiny, 1 - tiny)
    if told["kind"] == "temperature":
        odds = np.log(p / (1 - p)) / told["parameters"][0]
    else:
        a, b, c = told["parameters"]
        odds = a * np.log(p) - b * np.log(1 - p) + c
    return np.asarray(1 / (1 + np.exp(-odds)))


def sets(t: Table, told: dict[str, Any], x: Exported, fresh: list[tuple[float, dict[str, Any]]]) -> None:
    """The sets that were judged with each label, and those of fresh rows: (alpha, reply)."""
    name = x.model.name
    if x.model.kind == "class":
        p = x.scores()
        conformities = p[np.arange(len(x)), x.indices("label")]
    else:
        p = np.empty(0)
        conformities = -single(np.abs(x.lists("prediction") - x.lists("label")).max(1))
    a = lib.adaptive(conformities, told["alpha"])
    thresholds = np.array(a.thresholds)
    known = ~np.isnan(thresholds)
    covered, size = conformities >= thresholds, known.astype(int)
    if x.model.kind == "class":
        covered |= right(x)
        size = np.where(known, np.maximum((p >= thresholds[:, None]).sum(1), 1), 0)
    t.add(name, "set_size of each row", [int(c or 0) for c in x.column("set_size").tolist()], size, "adaptive conformal inference, by definition")
    t.add(name, "covered of each row", x.flags("covered")[known], covered[known], "the same")
    t.add(name, "sets: level", told["level"], a.level, "Gibbs and Candès, equation 2")
    t.add(name, "sets: rows", told["rows"], min(len(x), lib.WINDOW), "the export")
    t.add(name, "sets: judged", told["judged"], int(known.sum()), "the export")
    t.add(name, "sets: coverage", told["coverage"], covered[known].mean(), "numpy mean")
    t.add(name, "sets: mean_size", told["mean_size"], size[known].mean() if x.model.kind == "class" else -thresholds[known].mean(), "numpy mean")
    for alpha in sorted({alpha for alpha, _ in fresh}):
        level = lib.adaptive(conformities, alpha).level
        replies = [reply for at, reply in fresh if at == alpha]
        newest = slice(max(0, len(x) - lib.WINDOW), None)
        if x.model.kind == "class":
            inside, how = lib.sets(p[newest], x.indices("label")[newest], distributions([r["scores"] for r in replies]), level)
            said = [[c in r["set"] for c in x.model.classes] for r in replies]
            t.add(name, f"set of fresh rows, alpha {alpha}", said, inside, how)
        else:
            r, how = lib.radius(-conformities[newest], level)
            center = single([np.atleast_1d(reply["prediction"]) for reply in replies])
            ends = single(np.stack([center - r, center + r], -1))
            t.add(name, f"interval of fresh rows, alpha {alpha}", single([np.reshape(reply["interval"], (-1, 2)) for reply in replies]), ends, how)


def refused(server: Server, x: Exported) -> None:
    """Curves are of two classes alone."""
    if x.model.kind == "class" and len(x.model.classes) == 2:
        return
    try:
        server.get("/api/quality/curve", model=x.model.name, window="1d")
    except urllib.error.HTTPError as error:
        assert error.code == 404, error
        return
    raise AssertionError(f"a curve of {x.model.name}")
