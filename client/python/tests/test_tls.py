"""TLS: an authority of one's own, and a server that nobody vouches for."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import penstock
from support import Server, digits


@pytest.fixture(scope="module")
def secure(program: str) -> Iterator[Server]:
    server = Server(program, "--tls-cert", "cert.pem", "--tls-key", "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command, *names], cwd=server.folder.name, check=True, capture_output=True)
    server.start()
    yield server
    server.stop()
    server.folder.cleanup()


async def test_a_file_of_certificates_or_a_context_says_who_is_trusted(secure: Server) -> None:
    rows, _ = digits()
    url, ca = f"https://{secure.address}", str(Path(secure.folder.name) / "cert.pem")
    async with penstock.AsyncClient(url, ca_file=ca) as client:
        assert (await client.predict(rows[4])).label == "4"
    async with penstock.AsyncClient(url, ssl=ssl.create_default_context(cafile=ca)) as client:
        assert (await client.predict(rows[5])).label == "5"


async def test_a_server_that_nobody_vouches_for_is_not_talked_to(secure: Server) -> None:
    with pytest.raises(penstock.ConnectionLostError, match="CERTIFICATE_VERIFY_FAILED"):
        async with penstock.AsyncClient(f"wss://{secure.address}", max_attempts=1):
            pass


def test_a_file_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(FileNotFoundError):
        penstock.AsyncClient("wss://127.0.0.1:1", ca_file="/nowhere/ca.pem")
