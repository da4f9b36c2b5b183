"""The server that the client and bundles are tried with."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support import ROOT, Server


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs a test that is a coroutine, and fails it when it takes too long."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**wanted), 30))
    return True


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The server's program: that which PENSTOCK_BINARY names, or one built from this checkout."""
    named = os.environ.get("PENSTOCK_BINARY")
    if named:
        return str(Path(named).resolve())
    built = tmp_path_factory.mktemp("program") / "penstock"
    subprocess.run(["go", "build", "-o", str(built), "."], cwd=ROOT, check=True)
    return str(built)


@pytest.fixture(scope="session")
def server(program: str) -> Iterator[Server]:
    """A server with the default model, for all tests that leave it as it is."""
    server = Server(program).start()
    yield server
    server.stop()
    server.folder.cleanup()


@pytest.fixture
def own_server(program: str) -> Iterator[Server]:
    """A server for one test, which may stop it."""
    server = Server(program).start()
    yield server
    server.stop()
    server.folder.cleanup()


@pytest.fixture(scope="session")
def penstock_binary(program: str) -> str:
    return program


@contextmanager
def served(binary: str, bundles: Sequence[Path]) -> Iterator[str]:
    """A server of bundles, and its address."""
    models = [part for bundle in bundles for part in ("--model", str(bundle))]
    command = [binary, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "", "--workers", "1", "--python", sys.executable, "--onnxruntime", sys.prefix, *models]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                found = re.search(r"msg=ready url=http://(\S+)", line)
                if found:
                    break
            else:
                raise AssertionError("the server did not start:\n" + "".join(lines))
            rest = threading.Thread(target=process.stdout.read, daemon=True)  # so that its log never fills the pipe
            rest.start()
            yield f"ws://{found[1]}/ws/predict"
        finally:
            process.terminate()
            process.wait(30)
