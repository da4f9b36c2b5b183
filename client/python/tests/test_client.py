"""The client against the real server, and against connections that are cut."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock
from conftest import served
from support import ROOT, Proxy, Server, digits


async def test_arrays_and_labels(server: Server) -> None:
    rows, golden = digits()
    async with penstock.AsyncClient(server.url) as client:
        hello = await client.ready(10)
        assert hello["models"][0]["name"] == "digits"
        one = await client.predict(rows[0], scores=True, timing=True)
        assert one.label == str(golden[0].argmax()) and one.confidence is not None
        assert one.scores is not None and np.allclose(one.scores, golden[0], atol=1e-5)
        many = await client.predict_many(rows, scores=True)
        assert many.rows == len(rows) and many.scores is not None and np.allclose(many.scores, golden, atol=1e-5)
        as_text = await client.predict_many(rows, binary=False, scores=True)
        assert as_text.scores is not None and np.array_equal(as_text.scores, many.scores)
        assert await client.feedback(one, one.label) is True
        with pytest.raises(penstock.PenstockError) as again:
            await client.feedback(one.request_id, one.label)
        assert again.value.code == "duplicate_feedback"


async def test_typed_errors(server: Server) -> None:
    async with penstock.AsyncClient(server.url) as client:
        with pytest.raises(penstock.PenstockError) as wrong:
            await client.predict(np.zeros(3, np.float32))
        assert "784" in str(wrong.value)
        with pytest.raises(penstock.PenstockError) as unknown:
            await client.predict(np.zeros(784, np.float32), model="nothing")
        assert unknown.value.code == "unknown_model"


def test_sync(server: Server) -> None:
    rows, golden = digits()
    with penstock.Client(server.url) as client:
        futures = [client.submit(row) for row in rows]
        assert [f.result(20).label for f in futures] == [str(g.argmax()) for g in golden]
        assert [p.label for p in client.stream(iter(rows), concurrency=4)] == [str(g.argmax()) for g in golden]


async def test_ten_thousand_in_flight(server: Server) -> None:
    """Each has its own answer: a digit's label does not depend on what is beside it."""
    rows, golden = digits()
    async with penstock.AsyncClient(server.url) as client:
        asked = [client.predict(rows[n % len(rows)]) for n in range(10_000)]
        answers = await asyncio.gather(*asked)
        assert all(a.label == str(golden[n % len(rows)].argmax()) for n, a in enumerate(answers))
        assert len({a.request_id for a in answers}) == len(answers)


async def test_a_cut_connection_comes_back(server: Server) -> None:
    rows, _ = digits()
    async with Proxy(server.port) as proxy, penstock.AsyncClient(proxy.url, backoff_min=0.01) as client:
        before = await client.predict(rows[0])
        for _ in range(5):
            proxy.cut()
            lost = 0
            while True:
                try:
                    await client.predict(rows[0])
                    break
                except penstock.ConnectionLostError:  # it was on its way: whether the server ran it is not known
                    lost += 1
            assert lost <= 2
        assert proxy.connections >= 6
        assert await client.feedback(before, before.label) is True  # the session outlives its connections


async def test_a_cancelled_request_leaves_nothing_behind(server: Server) -> None:
    rows, _ = digits()
    async with penstock.AsyncClient(server.url) as client:
        await client.ready(10)
        tasks = [asyncio.create_task(client.predict(rows[0])) for _ in range(50)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(d, penstock.Prediction) for d in done[1::2])
        assert client.in_flight == 0 and client.waiting == 0


async def test_dashboard(server: Server) -> None:
    async for frame in penstock.AsyncDashboard(server.url):
        if frame["type"] == "metrics":
            assert "models" in frame and frame["models"]
            break


def test_frames_by_name(program: str) -> None:
    """A DataFrame is sent by the names of its columns, in whatever order they are; holes are holes."""
    frame = pd.read_csv(ROOT / "weights/shuttle/heldout.csv").head(200)
    truth = frame.pop("label")
    with served(program, [ROOT / "weights/shuttle"]) as url, penstock.Client(url) as client:
        answers = client.predict_many(frame[frame.columns[::-1]])
        assert answers.label is not None
        assert (answers.label == truth.to_numpy()).mean() > 0.99
        one = client.predict(frame.iloc[0].dropna().to_dict())
        assert one.label == answers.label[0]
        assert client.feedback(one, truth[0]) in (True, False)


def test_readme_runs(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's examples, as they stand there."""
    text = (ROOT / "client/python/README.md").read_text()
    blocks = [part.split("```", 1)[0] for part in text.split("```python\n")[1:]]
    assert len(blocks) >= 3
    monkeypatch.chdir(tmp_path)
    with served(program, [ROOT / "weights/shuttle"]) as url:
        for block in blocks:
            started = time.monotonic()
            exec(compile(block.replace("ws://127.0.0.1:8080", url.removesuffix("/ws/predict")), "README.md", "exec"), {"__name__": "readme"})
            assert time.monotonic() - started < 60
