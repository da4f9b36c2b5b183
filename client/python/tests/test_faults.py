"""What becomes of requests when the connection, the server or the caller fails: each ends once, and nothing goes out twice."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection

import penstock
from penstock._heartbeat import Heartbeat
from support import HELLO, Fake, Proxy, Server, digits, error, prediction

ROW = [1.0, 2.0]


async def answers(fake: Fake, socket: ServerConnection, m: Any) -> None:
    if m["type"] == "predict":
        await socket.send(prediction(m["request_id"]))


async def failure(work: Any) -> penstock.PenstockError:
    with pytest.raises(penstock.PenstockError) as raised:
        await work
    return raised.value


def asked(fake: Fake, kind: str = "predict") -> list[Any]:
    return [m["request_id"] for m in fake.got if m["type"] == kind]


async def test_what_was_in_flight_is_lost_and_not_sent_again() -> None:
    async def dies_once(fake: Fake, socket: ServerConnection, m: Any) -> None:
        if len(fake.sockets) == 1:
            socket.transport.abort()
        else:
            await answers(fake, socket, m)

    async with Fake(dies_once) as fake, penstock.AsyncClient(fake.url, backoff_min=0.01) as client:
        lost = await failure(client.predict(ROW))
        assert (lost.code, lost.retryable, lost.close_code) == ("connection_lost", True, 1006)
        assert isinstance(lost, ConnectionError)
        assert (await client.predict(ROW)).label == "cat"
        assert asked(fake) == [1, 2]


async def test_what_the_server_did_not_run_goes_out_again() -> None:
    async def drains_once(fake: Fake, socket: ServerConnection, m: Any) -> None:
        if len(fake.sockets) == 1:
            await socket.send(error(m["request_id"], "draining"))
            if len(fake.got) == 3:
                await socket.close(1001)
        else:
            await answers(fake, socket, m)

    async with Fake(drains_once) as fake, penstock.AsyncClient(fake.url, backoff_min=0.01) as client:
        got = await asyncio.gather(*(client.predict(ROW) for _ in range(3)))
        assert [p.request_id for p in got] == [1, 2, 3]
        assert asked(fake) == [1, 2, 3, 1, 2, 3]


async def test_a_server_that_says_no_is_left_alone() -> None:
    async def refuses(fake: Fake, socket: ServerConnection, m: Any) -> None:
        await socket.close(1008, "too_many_errors")

    async with Fake(refuses) as fake, penstock.AsyncClient(fake.url, backoff_min=0.01) as client:
        ended = await failure(client.predict(ROW))
        assert (ended.code, ended.retryable, ended.close_code, ended.reason) == ("disconnected", False, 1008, "too_many_errors")
        assert (await failure(client.predict(ROW))).code == "disconnected"
        assert client.status.status == "disconnected"
        client.reconnect()
        await client.ready(5)
        assert len(fake.sockets) == 2


async def test_a_silent_server_is_given_up(server: Server) -> None:
    rows, _ = digits()
    options = {"ping_interval": 0.1, "pong_timeout": 0.3, "backoff_min": 0.01}
    async with Proxy(server.port) as proxy, penstock.AsyncClient(proxy.url, **options) as client:  # type: ignore[arg-type]
        await client.predict(rows[0])
        proxy.silence()
        lost = await failure(client.predict(rows[0]))
        assert lost.code == "connection_lost" and "no sign of life" in str(lost)
        assert (await client.predict(rows[0])).label == "0"


@pytest.mark.parametrize("held", [0.07, 0.12, 0.3])
async def test_a_busy_loop_is_no_silent_server(held: float) -> None:
    """Time in which nothing could be read is not held against the server, be it a little more than it had or much."""
    ends: list[str] = []
    asked: list[int] = []
    answered = asyncio.Event()

    def ping() -> None:
        asked.append(1)
        if len(asked) == 1:
            time.sleep(held)  # the answer comes meanwhile, and is read two turns of the loop later
        loop.call_soon(loop.call_soon, pong)

    def pong() -> None:
        heart.heard()
        answered.set()

    loop = asyncio.get_running_loop()
    heart = Heartbeat(0.01, 0.05, ping, lambda: ends.append("dead"))
    heart.start()
    await answered.wait()
    await asyncio.sleep(0.1)
    heart.stop()
    assert not ends and len(asked) > 1


async def test_a_server_without_a_sign_of_life_is_told_once() -> None:
    dead = asyncio.Event()
    heart = Heartbeat(0.01, 0.02, lambda: None, dead.set)
    heart.start()
    await dead.wait()
    heart.stop()


async def test_a_server_that_is_killed_and_comes_back(own_server: Server) -> None:
    rows, _ = digits()
    async with penstock.AsyncClient(own_server.url, backoff_min=0.05, backoff_max=0.2) as client:
        tasks = [asyncio.ensure_future(client.predict(rows[n % 10])) for n in range(3000)]
        await tasks[0]
        own_server.stop()
        while client.status.status == "connected":
            await asyncio.sleep(0.01)
        waiting = asyncio.ensure_future(client.predict(rows[7]))
        await asyncio.to_thread(own_server.start)
        assert (await waiting).label == "7"
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        labels = {n: e.label for n, e in enumerate(ends) if isinstance(e, penstock.Prediction)}
        assert all(label == str(n % 10) for n, label in labels.items())
        others = [e for e in ends if not isinstance(e, penstock.Prediction)]
        assert {getattr(e, "code", e) for e in others} <= {"connection_lost"}
        assert client.in_flight == client.waiting == 0


async def test_a_server_that_stops_answers_what_it_took(own_server: Server) -> None:
    rows, _ = digits()
    notices: list[str] = []
    async with penstock.AsyncClient(
        own_server.url, backoff_min=0.05, backoff_max=0.2, on_notice=lambda n: notices.append(n["code"])
    ) as client:
        tasks = [asyncio.ensure_future(client.predict(rows[n % 10])) for n in range(500)]
        await tasks[0]
        await asyncio.to_thread(own_server.stop, signal.SIGTERM)
        await asyncio.to_thread(own_server.start)
        assert [p.label for p in await asyncio.gather(*tasks)] == [str(n % 10) for n in range(500)]
        assert "going_away" in notices


async def test_a_cancelled_request_that_waits_is_never_sent() -> None:
    async with Fake(None) as fake:
        fake.hello = {**HELLO, "limits": {**HELLO["limits"], "window": 1}}
        async with penstock.AsyncClient(fake.url) as client:
            first = asyncio.ensure_future(client.predict(ROW))
            await fake.sent(1)
            second = asyncio.ensure_future(client.predict(ROW))
            third = asyncio.ensure_future(client.predict(ROW))
            await asyncio.sleep(0)
            assert client.waiting == 2
            second.cancel()
            await asyncio.gather(second, return_exceptions=True)
            assert client.waiting == 1
            await fake.sockets[0].send(prediction(1))
            await first
            await fake.sent(2)
            await fake.sockets[0].send(prediction(3))
            await third
            assert asked(fake) == [1, 3] and not asked(fake, "cancel")


async def test_a_cancelled_request_frees_its_place_with_its_one_answer() -> None:
    async with Fake(None) as fake:
        fake.hello = {**HELLO, "limits": {**HELLO["limits"], "window": 1}}
        async with penstock.AsyncClient(fake.url) as client:
            first = asyncio.ensure_future(client.predict(ROW, request_id="a"))
            await fake.sent(1)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            second = asyncio.ensure_future(client.predict(ROW))
            await fake.sent(2)  # the cancel; the server still owes the answer
            assert asked(fake, "cancel") == ["a"]
            assert (client.in_flight, client.waiting) == (1, 1)
            assert (await failure(client.predict(ROW, request_id="a"))).code == "duplicate_request_id"
            await fake.sockets[0].send(error("a", "cancelled"))
            await fake.sent(3)
            await fake.sockets[0].send(prediction(1))
            assert (await second).label == "cat"
            assert client.in_flight == client.waiting == 0
            assert asked(fake) == ["a", 1]


async def stuck(fake: Fake, client: penstock.AsyncClient, count: int) -> list[asyncio.Task[penstock.Prediction]]:
    """Requests for a server that reads one and no more: of the rest some fill what lies between, and some never leave."""
    large = np.zeros(250_000, np.float32)
    tasks = [asyncio.ensure_future(client.predict(large)) for _ in range(count)]
    await fake.sent(1)
    for _ in range(20):
        await asyncio.sleep(0.01)  # what still goes out has gone
    return tasks


def ids(fake: Fake) -> list[int]:
    return [int.from_bytes(m[8:16], "little") for m in fake.got if isinstance(m, bytes)]


async def test_what_never_reached_the_socket_goes_out_on_the_next() -> None:
    held = asyncio.Event()

    async def reads_one(fake: Fake, socket: ServerConnection, m: Any) -> None:
        if len(fake.sockets) == 1:
            await held.wait()
        elif isinstance(m, bytes):
            await socket.send(prediction(int.from_bytes(m[8:16], "little")))

    async with Fake(reads_one) as fake, penstock.AsyncClient(fake.url, backoff_min=0.01) as client:
        tasks = await stuck(fake, client, 60)
        fake.sockets[0].transport.abort()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        held.set()
        lost = [n for n, end in enumerate(ends, 1) if isinstance(end, penstock.ConnectionLostError)]
        answered = [n for n, end in enumerate(ends, 1) if isinstance(end, penstock.Prediction)]
        assert len(lost) + len(answered) == 60 and lost and answered
        got = ids(fake)
        assert len(set(got)) == len(got)
        assert got[-len(answered) :] == answered  # in their order


async def test_a_request_cancelled_before_it_reached_the_socket_is_left_out() -> None:
    held = asyncio.Event()

    async def reads_one(fake: Fake, socket: ServerConnection, m: Any) -> None:
        await held.wait()
        if isinstance(m, bytes):
            await socket.send(prediction(int.from_bytes(m[8:16], "little")))
        else:
            await answers(fake, socket, m)

    async with Fake(reads_one) as fake, penstock.AsyncClient(fake.url) as client:
        tasks = await stuck(fake, client, 60)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        sent = client.in_flight
        assert 1 <= sent < 60
        last = asyncio.ensure_future(client.predict(ROW))
        held.set()
        assert (await last).request_id == 61
        assert len(ids(fake)) == sent
        assert [m["request_id"] for m in fake.got if isinstance(m, dict) and m["type"] == "cancel"] == ids(fake)


async def test_a_deadline_bounds_the_whole() -> None:
    async with Fake(None) as fake, penstock.AsyncClient(fake.url) as client:
        late = await failure(client.predict(ROW, deadline_ms=30))
        assert late.code == "deadline_exceeded" and isinstance(late, TimeoutError)
        await fake.sent(2)
        assert fake.got[0]["deadline_ms"] == 30
        assert asked(fake, "cancel") == [1]
        await fake.sockets[0].send(prediction(1))  # too late: nobody waits
        while client.in_flight:
            await asyncio.sleep(0.01)
        label = asyncio.ensure_future(failure(client.feedback(1, "cat", deadline_ms=30)))
        assert (await label).code == "deadline_exceeded"


async def test_what_waits_is_bounded_in_number_and_time() -> None:
    client = penstock.AsyncClient("ws://127.0.0.1:1", queue_limit=2, queue_ttl=0.2, backoff_min=0.05)
    try:
        ends = await asyncio.gather(*(client.predict(ROW) for _ in range(3)), return_exceptions=True)
        assert [getattr(e, "code", e) for e in ends] == ["queue_expired", "queue_expired", "queue_full"]
        assert "Connect" in str(ends[0])  # says why there was no connection
    finally:
        await client.close()


async def test_closing_ends_all() -> None:
    async with Fake(None) as fake:
        client = penstock.AsyncClient(fake.url)
        await client.ready(5)
        tasks = [asyncio.ensure_future(failure(client.predict(ROW))) for _ in range(3)]
        await fake.sent(3)
        await client.close()
        assert {e.code for e in await asyncio.gather(*tasks)} == {"closed"}
        assert (await failure(client.predict(ROW))).code == "closed"
        await client.close()


async def test_a_server_that_says_when_to_try_again() -> None:
    async def sheds(fake: Fake, socket: ServerConnection, m: Any) -> None:
        await socket.send(error(m["request_id"], "overloaded", retry_after_ms=250, retryable=True))

    async with Fake(sheds) as fake, penstock.AsyncClient(fake.url) as client:
        shed = await failure(client.predict(ROW))
        assert isinstance(shed, penstock.OverloadedError)
        assert (shed.code, shed.retryable, shed.retry_after_ms) == ("overloaded", True, 250)


async def test_a_loop_that_is_left_takes_back_what_it_asked(server: Server) -> None:
    rows, _ = digits()
    async with penstock.AsyncClient(server.url) as client:
        stream = client.stream((rows[n % 10] for n in range(10_000)), concurrency=32)
        async for answer in stream:
            assert answer.label == "0"
            break
        await stream.aclose()  # type: ignore[attr-defined]
        await client.predict(rows[0])
        while client.in_flight:
            await asyncio.sleep(0.01)


async def test_one_bad_part_of_many_takes_the_others_back(server: Server) -> None:
    rows, _ = digits()
    async with penstock.AsyncClient(server.url) as client:
        many = np.repeat(rows, 100, axis=0)
        many[700, 3] = np.inf
        assert (await failure(client.predict_many(many))).code == "bad_features"
        while client.in_flight:
            await asyncio.sleep(0.01)
        assert (await client.predict_many(many[:700])).rows == 700


async def test_rows_that_are_too_long_for_one_message_go_in_several(server: Server) -> None:
    rows, golden = digits()
    async with penstock.AsyncClient(server.url) as client:
        many = np.random.default_rng(1).random((600, 784)) * 0.01 + np.repeat(rows, 60, axis=0)
        text = await client.predict_many(many, binary=False)
        frames = await client.predict_many(many)
        assert text.label is not None and frames.label is not None
        assert (text.label == frames.label).all()
        assert len(text.requests) > len(frames.requests) > 1
        right = await client.feedback(frames, frames.label)
        assert right == [True] * 600


def test_the_client_may_not_wait_for_itself(server: Server) -> None:
    rows, _ = digits()
    said: list[Exception] = []

    def handler(status: penstock.StatusInfo) -> None:
        try:
            client.predict(rows[0])
        except RuntimeError as error:
            said.append(error)

    client = penstock.Client(server.url, on_status=handler)
    with client:
        client.predict(rows[0])
        assert client.status.status == "connected"
    assert said
    with pytest.raises(penstock.ConnectionLostError):
        client.predict(rows[0])
    client.close()


def test_errors_outlive_pickling() -> None:
    import pickle

    e = penstock.errors.make_error("rate_limited", "slow down", retry_after_ms=5)
    again = pickle.loads(pickle.dumps(e))
    assert type(again) is penstock.OverloadedError
    assert (again.code, again.message, again.retry_after_ms, str(again)) == (e.code, e.message, 5, str(e))
    assert json.dumps(str(again))
