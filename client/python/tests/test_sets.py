"""Sets and intervals: how they are asked for, and what is read of them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection

import penstock
from support import HELLO, Fake


def reply(m: Any, answer: Any, **sets: Any) -> str:
    said = {"type": "prediction", "request_id": m["request_id"], "prediction": answer, "model": "pets", "version": "1"}
    return json.dumps({**said, "confidence": [None] * len(answer) if isinstance(answer, list) else None, **sets})


def model(kind: str, width: int) -> dict[str, Any]:
    """A hello whose model has one output of a kind, and few rows in a request."""
    output = {"name": "prediction", "kind": kind, "width": width, "classes": ["cat", "dog"] if kind == "class" else []}
    limits = {"window": 1024, "max_rows": 2, "max_bytes": 1 << 20}
    return {**HELLO, "models": [{**HELLO["models"][0], "outputs": [output]}], "limits": limits}


async def test_a_set_goes_as_json_and_comes_back() -> None:
    async def answers(fake: Fake, socket: ServerConnection, m: Any) -> None:
        await socket.send(reply(m, "cat", set=["cat", "dog"], alpha=m.get("alpha", 0.1)))

    async with Fake(answers) as fake, penstock.AsyncClient(fake.url) as client:
        p = await client.predict(np.array([1, 2], np.float32), set=True, alpha=0.05, timing=True)
        assert (p.label, p.set, p.alpha, p.interval) == ("cat", ["cat", "dog"], 0.05, None)
        assert fake.got[0]["detail"] == ["timing", "set"] and fake.got[0]["alpha"] == 0.05
        assert fake.got[0]["features"] == [1, 2]
        assert (await client.predict([1, 2], set=True)).alpha == 0.1
        assert "alpha" not in fake.got[1]


async def test_sets_of_rows_in_several_requests_are_joined() -> None:
    async def answers(fake: Fake, socket: ServerConnection, m: Any) -> None:
        n = len(m["features"])
        await socket.send(reply(m, ["cat"] * n, set=[["cat"], []][:n], alpha=0.1))

    async with Fake(answers) as fake:
        fake.hello = model("class", 2)
        async with penstock.AsyncClient(fake.url) as client:
            many = await client.predict_many(np.ones((3, 2), np.float32), set=True)
        assert len(fake.got) == 2
        assert many.set == [["cat"], [], ["cat"]]
        assert many.alpha is not None and many.alpha.tolist() == [0.1] * 3
        assert [p.set for p in many] == many.set
        assert many.intervals is None and many[1].interval is None


@pytest.mark.parametrize("width", [1, 2])
async def test_intervals_that_are_not_there_yet(width: int) -> None:
    """The first row's request finds too few labels."""
    interval: Any = [0.5, 1.5] if width == 1 else [[0.5, 1.5], [1.5, 2.5]]

    async def answers(fake: Fake, socket: ServerConnection, m: Any) -> None:
        n = len(m["features"])
        value: Any = 1 if width == 1 else [1, 2]
        await socket.send(reply(m, [value] * n, interval=[None if n == 1 else interval] * n, alpha=0.2))

    async with Fake(answers) as fake:
        fake.hello = model("values", width)
        async with penstock.AsyncClient(fake.url) as client:
            many = await client.predict_many([[1, 2]] * 3, set=True)
            alone = await client.predict_many([[1, 2]], set=True)
    assert many.intervals is not None and many.intervals.shape == ((3, 2) if width == 1 else (3, 2, 2))
    assert many[0].interval == (0.5, 1.5) and many[0].alpha == 0.2
    assert many[0].intervals is not None and many[0].intervals.tolist() == ([interval] if width == 1 else interval)
    assert many[2].interval is None and many[2].intervals is None and many[2].alpha == 0.2
    assert alone.intervals is not None and np.isnan(alone.intervals).all() and alone.intervals.shape == many.intervals[:1].shape


@pytest.mark.parametrize(
    ("features", "detail", "wrong"),
    [
        ([1, 2], {"alpha": 0.1}, penstock.PenstockError),
        ([1, 2], {"set": True, "binary": True}, penstock.PenstockError),
        (np.array([1, 2], np.uint8), {"set": True}, penstock.PenstockError),
        ([1, 2], {"set": True, "alpha": 1}, ValueError),
        ([1, 2], {"set": True, "alpha": float("nan")}, ValueError),
        ([1, 2], {"set": True, "alpha": "0.1"}, ValueError),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(features: Any, detail: Any, wrong: type[Exception]) -> None:
    async with Fake() as fake, penstock.AsyncClient(fake.url) as client:
        with pytest.raises(wrong):
            await client.predict(features, **detail)
        assert fake.got == []


async def test_a_calibration_is_frozen_and_let_go() -> None:
    async with Fake() as fake, penstock.AsyncDashboard(fake.url) as dashboard:
        await dashboard.freeze_calibration("pets")
        await dashboard.freeze_calibration("pets", False)
        assert await fake.sent(2) == [{"type": "freeze_calibration", "model": "pets", "frozen": frozen} for frozen in (True, False)]


async def test_an_option_that_there_is_not() -> None:
    async def answers(fake: Fake, socket: ServerConnection, m: Any) -> None:
        await socket.send(reply(m, "cat"))

    async with Fake(answers) as fake, penstock.AsyncClient(fake.url) as client:
        with pytest.raises(TypeError, match="no option sets; expected one of .*set"):
            await client.predict([1, 2], sets=True)  # type: ignore[call-arg]
        assert not fake.got
