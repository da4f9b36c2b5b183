"""Signing in, renewing, groups and notifications, against the real server."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

import penstock
from support import Server, digits


@pytest.fixture(scope="module")
def guarded(program: str) -> Iterator[Server]:
    """A server that asks for tokens."""
    server = Server(program, "--auth", "token", "--jwt-secret-file", "secret")
    server.write("secret", "of-the-tests-" * 4)
    server.start()
    yield server
    server.stop()
    server.folder.cleanup()


def mint(server: Server, *flags: str) -> str:
    return server.token("--user", "ann", *flags)


async def failure(work: Any) -> penstock.PenstockError:
    with pytest.raises(penstock.PenstockError) as raised:
        await work
    return raised.value


async def until(right: Any) -> None:
    while not right():
        await asyncio.sleep(0.01)


async def test_a_token_lets_one_in(guarded: Server) -> None:
    rows, _ = digits()
    token = mint(guarded, "--scope", "predict")
    async with penstock.AsyncClient(guarded.url, token=token) as client:
        answer = await client.predict(rows[2])
        assert answer.label == "2"
        assert (await failure(client.feedback(answer, "2"))).code == "forbidden"
    async with penstock.AsyncClient(f"{guarded.url}/?token={token}") as client:
        assert (await client.predict(rows[3])).label == "3"


async def test_a_bad_token_ends_it_with_the_reason(guarded: Server) -> None:
    rows, _ = digits()
    client = penstock.AsyncClient(guarded.url, token="not-a-token")
    refused = await failure(client.predict(rows[0]))
    assert (refused.code, refused.close_code, refused.reason) == ("disconnected", 1008, "unauthorized")
    assert "not-a-token" not in f"{refused!r} {client.status}"
    await client.close()
    with pytest.raises(penstock.ConnectionLostError, match="unauthorized"):
        async with penstock.AsyncClient(guarded.url, token="not-a-token"):
            pass


async def test_a_token_is_renewed_while_requests_go_on(guarded: Server) -> None:
    rows, _ = digits()
    asked: list[str] = []

    def token() -> str:  # blocks, as those do that ask another server
        asked.append(mint(guarded, "--scope", "predict", "--expires", "2s"))
        return asked[-1]

    async with penstock.AsyncClient(guarded.url, token=token) as client:
        while len(asked) < 4:  # the first has ended by then
            assert (await client.predict(rows[5])).label == "5"
            await asyncio.sleep(0.02)
        assert len(set(asked)) == len(asked)
        assert client.identity and client.identity["user"] == "ann"
        assert client.status.renewal is None and client.status.reason is None  # one connection all the while


async def test_a_token_that_cannot_be_renewed_ends_with_its_connection(guarded: Server) -> None:
    tokens = [mint(guarded, "--scope", "predict", "--expires", "2s")]

    async def token() -> str:
        if tokens:
            return tokens.pop()
        raise PermissionError("nobody is signed in")

    async with penstock.AsyncClient(guarded.url, token=token, backoff_min=0.05) as client:
        await until(lambda: client.status.renewal)
        assert "nobody is signed in" in str(client.status.renewal)
        await until(lambda: client.status.status == "disconnected")
        assert (client.status.close_code, client.status.close_reason) == (1008, "token_expired")
        assert (await failure(client.predict([0.0] * 784))).reason == "token_expired"


async def test_whoever_says_unauthorized_is_not_asked_again(guarded: Server) -> None:
    class Refused(Exception):
        status = 401

    calls: list[int] = []

    async def token() -> str:
        calls.append(1)
        raise Refused

    client = penstock.AsyncClient(guarded.url, token=token)
    assert (await failure(client.ready(5))).code == "disconnected"
    assert len(calls) == 1
    await client.close()


def notify(server: Server, **message: Any) -> None:
    request = urllib.request.Request(
        f"http://{server.address}/v1/notify",
        json.dumps(message).encode(),
        {"Authorization": "Bearer " + server.token("--user", "olga", "--scope", "admin")},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


async def test_groups_and_notifications(guarded: Server) -> None:
    notices: list[Any] = []
    token = mint(guarded, "--scope", "predict", "--group", "ops")
    async with penstock.AsyncClient(guarded.url, token=token, on_notice=notices.append, backoff_min=0.01) as client:
        assert (await failure(client.join("others"))).code == "forbidden"
        await client.join("ops")
        assert client.groups == ["ops"]
        await asyncio.to_thread(notify, guarded, group="ops", text="one", data={"batch": 17})
        await until(lambda: notices)
        assert (notices[0]["message"], notices[0]["data"], notices[0]["from"]) == ("one", {"batch": 17}, "olga")
        client.reconnect()
        await until(lambda: client.status.status == "connected" and client.groups == ["ops"])  # joined again
        await asyncio.to_thread(notify, guarded, group="ops", text="two")
        await until(lambda: len(notices) == 2)
        await client.leave("ops")
        assert client.groups == []
        await asyncio.to_thread(notify, guarded, user="ann", text="three")
        await until(lambda: len(notices) == 3)
        assert [n["message"] for n in notices] == ["one", "two", "three"]


async def test_the_dashboard_with_a_token(guarded: Server) -> None:
    refused: list[penstock.PenstockError] = []
    token = mint(guarded, "--scope", "dashboard", "--scope", "notes", "--group", "ops")
    async with penstock.AsyncDashboard(guarded.url, token=token, on_error=refused.append) as dashboard:
        dashboard.subscribe(metrics=["error_rate"], interval_ms=0)
        seen: dict[str, Any] = {}
        async for frame in dashboard:
            seen[frame["type"]] = frame
            if frame["type"] == "history":
                await dashboard.join("ops")
                await dashboard.note("deployed", group="ops")
                await dashboard.note("")  # refused
            if {"history", "metrics", "note"} <= seen.keys() and refused:
                break
        assert set(seen["metrics"]) == {"type", "seq", "timestamp", "error_rate"}
        assert (seen["note"]["text"], seen["note"]["author"], seen["note"]["group"]) == ("deployed", "ann", "ops")
        assert refused[0].code == "bad_message"


def test_the_dashboard_without_a_loop(server: Server) -> None:
    with penstock.Dashboard(server.url) as dashboard:
        kinds = []
        for frame in dashboard:
            kinds.append(frame["type"])
            if frame["type"] == "metrics":
                break
        assert kinds[0] == "history"
        frames = iter(dashboard)
        next(frames)
        dashboard.close()
        list(frames)  # ends
    with pytest.raises(penstock.ConnectionLostError):
        dashboard.ready()
