"""The server that bundles are tried with."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def penstock_binary(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program of PENSTOCK_BINARY, or one that is built for the session."""
    given = os.environ.get("PENSTOCK_BINARY")
    if given:
        return given
    binary = tmp_path_factory.mktemp("binary") / "penstock"
    subprocess.run(["go", "build", "-o", str(binary), "."], cwd=ROOT, check=True, timeout=300)
    return str(binary)


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
