"""The real server, servers that misbehave, and rows to send."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

ROOT = Path(__file__).resolve().parents[3]

HELLO: dict[str, Any] = {
    "type": "hello",
    "session": "V3Q6ZJ4WQX7K2M5N8P",
    "models": [
        {
            "name": "pets",
            "version": "1",
            "task": "classification",
            "features": 2,
            "classes": ["cat", "dog"],
            "outputs": [{"name": "prediction", "kind": "class", "width": 2, "classes": ["cat", "dog"]}],
            "columns": [],
            "missing": False,
        }
    ],
    "limits": {"window": 1024, "max_rows": 1024, "max_bytes": 1 << 20},
}


class Server:
    """The server's program, which can be stopped and come back where it was."""

    def __init__(self, program: str, *flags: str) -> None:
        self.address = "127.0.0.1:0"
        self.folder = tempfile.TemporaryDirectory(prefix="penstock-run-")
        self._program = program
        self._flags = flags
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"ws://{self.address}"

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    def start(self) -> Server:
        command = [self._program, "serve", "--listen", self.address, "--admin-listen", "", "--log-format", "json"]
        log = Path(self.folder.name) / "log"
        with log.open("w") as out:
            self._process = subprocess.Popen(
                [*command, "--drain-timeout", "5s", *self._flags],
                cwd=self.folder.name,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert self._process.stderr
            for line in self._process.stderr:
                out.write(line)
                entry = json.loads(line)
                if entry.get("msg") == "ready" and entry.get("url"):
                    self.address = urlsplit(entry["url"]).netloc
                    return self
        raise RuntimeError(f"the server did not start:\n{log.read_text()}")

    def token(self, *flags: str) -> str:
        """A token signed with the secret in the file ``secret``."""
        command = [self._program, "token", "--secret-file", "secret", *flags]
        return subprocess.run(command, cwd=self.folder.name, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = Path(self.folder.name) / name
        path.write_text(text)
        path.chmod(0o600)

    def send(self, number: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        process, self._process = self._process, None
        if process:
            process.send_signal(number)
            process.wait(20)
            assert process.stderr
            process.stderr.close()


class Proxy:
    """A TCP proxy whose connections can be cut, or fall silent."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._silent = False
        self.connections = 0

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def silence(self) -> None:
        """Swallows what the connections of now are sent from now on."""
        self._silent = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._silent = False
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, up_writer}
        for source, to in ((reader, up_writer), (up_reader, writer)):
            task = asyncio.ensure_future(self._copy(source, to))
            self._tasks.add(task)

    async def _copy(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(1 << 16):
                if not self._silent:
                    to.write(data)
                    await to.drain()
        except OSError:
            pass
        to.transport.abort()


class Fake:
    """A server that says what a test wants, and keeps what it was sent."""

    def __init__(self, answer: Callable[[Fake, ServerConnection, Any], Awaitable[None]] | None = None) -> None:
        self._answer = answer
        self.hello: dict[str, Any] = HELLO
        self.got: list[Any] = []
        self.sockets: list[ServerConnection] = []
        self._arrived = asyncio.Condition()

    async def __aenter__(self) -> Fake:
        self._server: WebSocketServer = await serve(
            self._serve, "127.0.0.1", 0, subprotocols=[Subprotocol("penstock.v1")], compression=None
        )
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def sent(self, count: int) -> list[Any]:
        """What came, when so many messages have."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.got) >= count)
        return self.got

    async def _serve(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        await socket.send(json.dumps(self.hello))
        async for data in socket:
            message = json.loads(data) if isinstance(data, str) else data
            async with self._arrived:
                self.got.append(message)
                self._arrived.notify_all()
            if self._answer:
                await self._answer(self, socket, message)


def prediction(request_id: Any, label: Any = "cat") -> str:
    said = {"type": "prediction", "request_id": request_id, "prediction": label, "confidence": 0.75}
    return json.dumps({**said, "model": "pets", "version": "1"})


def error(request_id: Any, code: str, **fields: Any) -> str:
    said = {"type": "error", "request_id": request_id, "code": code, "message": "why", "retryable": code == "draining"}
    return json.dumps({**said, **fields})


def digits() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Images of the digits 0 to 9, and the scores that the model must give."""
    golden = json.loads((ROOT / "weights/digits/golden.json").read_text())
    return np.array(golden["features"][:10], np.float32), np.array(golden["scores"][:10], np.float32)


def vectors(name: str) -> Any:
    """What the server's codec wrote; see protocol/vectors_test.go."""
    return json.loads((ROOT / f"protocol/testdata/vectors/{name}.json").read_text())
