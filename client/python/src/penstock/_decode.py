"""Answers to predictions, read from JSON and from binary frames."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._binary import BinaryPrediction
from ._message import RequestId
from .prediction import Answer, Answers, Prediction, Predictions, Request, Timing, intervals_of
from .wire import ModelInfo, OutputInfo, OutputKind, TopClass

_KINDS: dict[str, OutputKind] = {"classification": "class", "labels": "labels", "vector": "vector"}


def outputs_of(model: ModelInfo) -> list[OutputInfo]:
    """The outputs of a model; an older server tells of the task alone."""
    if model.get("outputs"):
        return model["outputs"]
    classes = model["classes"]
    kind = _KINDS.get(model["task"], "values")
    return [{"name": "prediction", "kind": kind, "width": len(classes) or 1, "classes": classes}]


def needs_scores(model: ModelInfo) -> bool:
    """Whether a binary answer says less of a model than JSON does: then its scores say the rest."""
    first = outputs_of(model)[0]
    return first["kind"] != "class" and not (first["kind"] == "values" and first["width"] == 1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the request knows of its answer."""

    request_id: RequestId
    rows: int
    round_trip_ms: float
    scores: bool = False
    timing: bool = False
    outputs: bool = False
    top_k: int = 0


# In JSON.


def row_from_json(m: Mapping[str, Any], model: ModelInfo | None, asked: Asked) -> Prediction:
    """Reads the answer to one row."""
    kinds = {o["name"]: o["kind"] for o in outputs_of(model)} if model else {}
    first = next(iter(kinds.values()), None)
    return Prediction(
        **_said(m, first),
        top=m.get("top"),
        set=m.get("set"),
        **intervals_of(None if m.get("interval") is None else np.array(m["interval"], dtype=np.float64)),
        alpha=m.get("alpha"),
        outputs={n: Answer(**_said(o, kinds.get(n))) for n, o in m["outputs"].items()} if "outputs" in m else None,
        timing=_timing(m),
        model=m["model"],
        version=m["version"],
        request_id=asked.request_id,
        round_trip_ms=asked.round_trip_ms,
    )


def rows_from_json(m: Mapping[str, Any], model: ModelInfo | None, asked: Asked) -> Predictions:
    """Reads the answer to many rows."""
    kinds = {o["name"]: o["kind"] for o in outputs_of(model)} if model else {}
    first = next(iter(kinds.values()), None)
    return Predictions(
        **_column(m, first),
        top=m.get("top"),
        set=m.get("set"),
        intervals=_intervals(m),
        alpha=np.full(len(m["prediction"]), m["alpha"], dtype=np.float64) if "alpha" in m else None,
        outputs={n: Answers(**_column(o, kinds.get(n))) for n, o in m["outputs"].items()} if "outputs" in m else None,
        model=m["model"],
        version=m["version"],
        requests=(Request(asked.request_id, len(m["prediction"]), _timing(m), asked.round_trip_ms),),
    )


def _intervals(m: Mapping[str, Any]) -> NDArray[np.float64] | None:
    """Those of many rows, with NaN for a row that has none yet."""
    if "interval" not in m:
        return None
    first = m["prediction"][0] if m["prediction"] else 0
    none = [[math.nan, math.nan]] * len(first) if isinstance(first, list) else [math.nan, math.nan]
    return np.array([none if ends is None else ends for ends in m["interval"]], dtype=np.float64)


def _timing(m: Mapping[str, Any]) -> Timing | None:
    t = m.get("timing")
    return Timing(t["queue_us"], t["compute_us"], t["batch_rows"]) if t else None


def _guess(prediction: Any, confidence: Any) -> OutputKind:
    """The kind is not known of a model that came after hello: then the form of the answer tells."""
    if not isinstance(prediction, list):
        return "class" if isinstance(prediction, str) else "values"
    return "values" if confidence is None else "labels"


def _said(m: Mapping[str, Any], kind: OutputKind | None) -> dict[str, Any]:
    prediction, confidence = m["prediction"], m.get("confidence")
    kind = kind or _guess(prediction, confidence)
    said: dict[str, Any] = {"kind": kind}
    if kind == "class":
        said["label"], said["confidence"] = str(prediction), confidence
    elif kind == "labels":
        said["labels"], said["confidences"] = list(prediction), list(confidence or ())
    elif kind == "vector":
        said["vector"] = _floats(prediction)
    else:
        values = prediction if isinstance(prediction, list) else [prediction]
        said["value"], said["values"] = float(values[0]), _floats(values)
    if "scores" in m:
        said["scores"] = _floats(m["scores"])
    return said


def _column(m: Mapping[str, Any], kind: OutputKind | None) -> dict[str, Any]:
    prediction: list[Any] = m["prediction"]
    confidence: list[Any] = m.get("confidence") or [None] * len(prediction)
    if kind is None:
        kind = _guess(prediction[0], confidence[0]) if prediction else "values"
    said: dict[str, Any] = {"kind": kind, "rows": len(prediction)}
    if kind == "class":
        said["label"] = np.array([str(p) for p in prediction], dtype=np.str_)
        said["confidence"] = _floats([np.nan if c is None else c for c in confidence])
    elif kind == "labels":
        said["labels"], said["confidences"] = prediction, [list(c or ()) for c in confidence]
    elif kind == "vector":
        said["vector"] = _floats(prediction)
    else:
        said["values"] = _floats(prediction)
    if "scores" in m:
        said["scores"] = _floats(m["scores"])
    return said


def _floats(values: Any) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


# In binary frames.


def rows_from_binary(b: BinaryPrediction, model: ModelInfo, asked: Asked) -> Predictions:
    """Reads a binary answer, which names classes by their index, and decides of the rest as the server does."""
    outputs = outputs_of(model)
    first = outputs[0]
    own = None if b.scores is None else b.scores[:, : first["width"]]
    top = None
    if asked.top_k and own is not None and first["kind"] in ("class", "labels"):
        top = [_best(row, first.get("classes", []), asked.top_k) for row in own]
    timing = Timing(b.queue_us, b.compute_us, None) if asked.timing else None
    return Predictions(
        **_decided(first, b.rows, b.pairs, own, b.scores if asked.scores else None),
        top=top,
        outputs=_all(outputs, b, asked.scores) if asked.outputs and b.scores is not None else None,
        model=model["name"],
        version=model["version"],
        requests=(Request(asked.request_id, b.rows, timing, asked.round_trip_ms),),
    )


def _all(outputs: Sequence[OutputInfo], b: BinaryPrediction, with_scores: bool) -> dict[str, Answers]:
    said = {}
    start = 0
    assert b.scores is not None
    for number, output in enumerate(outputs):
        part = b.scores[:, start : start + output["width"]]
        start += output["width"]
        pairs = b.pairs if number == 0 else None
        said[output["name"]] = Answers(**_decided(output, b.rows, pairs, part, part if with_scores else None))
    return said


def _decided(
    output: OutputInfo,
    rows: int,
    pairs: NDArray[np.float32] | None,
    scores: NDArray[np.float32] | None,
    shown: NDArray[np.float32] | None,
) -> dict[str, Any]:
    kind, classes = output["kind"], output.get("classes", [])
    said: dict[str, Any] = {"kind": kind, "rows": rows, "scores": shown}
    if kind == "class":
        if pairs is not None:
            index, sure = pairs[:, 0].astype(np.intp), pairs[:, 1]
        else:
            assert scores is not None
            each = _probabilities(scores, classes)
            index = each.argmax(axis=1)
            sure = each[np.arange(rows), index]
        said["label"] = _names(classes, index)
        said["confidence"] = sure
    elif kind == "labels":
        each = np.empty((rows, 0), np.float32) if scores is None else scores
        bounds = np.array(output.get("thresholds") or [0.5] * each.shape[1], dtype=np.float32)
        held = [np.flatnonzero(row >= bounds) for row in each]
        said["labels"] = [[classes[i] if i < len(classes) else str(i) for i in row] for row in held]
        said["confidences"] = [[float(each[r, i]) for i in row] for r, row in enumerate(held)]
    elif kind == "vector":
        said["vector"] = scores
    elif scores is not None and scores.shape[1] > 1:
        said["values"] = scores
    elif scores is not None and pairs is None:
        said["values"] = scores[:, 0]
    else:
        assert pairs is not None
        said["values"] = pairs[:, 0]
    return said


def _names(classes: Sequence[str], index: NDArray[np.intp]) -> NDArray[Any]:
    if len(index) and 0 <= index.min() and index.max() < len(classes):
        return np.array(classes, dtype=np.str_)[index]
    return np.array([classes[i] if 0 <= i < len(classes) else str(i) for i in index], dtype=np.str_)


def _probabilities(scores: NDArray[np.float32], classes: Sequence[str]) -> NDArray[np.float32]:
    """One score of two classes is the probability of the second."""
    if scores.shape[-1] == 1 and len(classes) == 2:
        return np.concatenate((1 - scores, scores), axis=-1)
    return scores


def _best(scores: NDArray[np.float32], classes: Sequence[str], k: int) -> list[TopClass]:
    """The best classes; of equal scores the first comes first, as on the server."""
    each = _probabilities(scores, classes)
    order = np.argsort(-each, kind="stable")[:k]
    return [{"label": classes[i] if i < len(classes) else str(i), "confidence": float(each[i])} for i in order]
