"""The program from outside: started, stopped and killed; what it tells; what it exports."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from models import SLICED, Model

PATIENCE = 60.0
"""Seconds to wait for what must come."""


class Server:
    """A server with all models and a data directory, which can be stopped and come back."""

    def __init__(self, program: str, folder: Path, models: list[Model], *flags: str) -> None:
        self.program, self.data, self.log = program, folder / "data", folder / "log"
        self.address = "127.0.0.1:0"
        self._models, self._flags = models, flags
        self._process: subprocess.Popen[str] | None = None
        self.later = False
        """Whether version 2 is served of the models that have one."""

    def start(self) -> float:
        """Starts it, and returns after how many seconds it was ready."""
        bundles = [m.later if self.later and m.later else m.bundle for m in self._models]
        command = [self.program, "serve", "--listen", self.address, "--admin-listen", "", "--log-format", "json"]
        command += ["--data-dir", str(self.data), "--quality-slice", SLICED, "--workers", "1", *self._flags]
        command += [part for bundle in bundles for part in ("--model", str(bundle))]
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert process.stderr
        lines = []
        for line in process.stderr:
            lines.append(line)
            entry = json.loads(line)
            if entry.get("msg") == "ready" and entry.get("url"):
                self.address = urllib.parse.urlsplit(entry["url"]).netloc
                self._process = process
                threading.Thread(target=self._copy, args=(process, lines), daemon=True).start()
                return time.monotonic() - began
        raise RuntimeError("the server did not start:\n" + "".join(lines))

    def _copy(self, process: subprocess.Popen[str], lines: list[str]) -> None:
        """Reads on, so that its log never fills the pipe."""
        assert process.stderr
        with self.log.open("a") as log:
            log.writelines(lines)
            log.writelines(process.stderr)

    def stop(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process:
            process.send_signal(number)
            process.wait(PATIENCE)

    def get(self, path: str, **query: str) -> Any:
        with urllib.request.urlopen(f"http://{self.address}{path}?{urllib.parse.urlencode(query)}", timeout=PATIENCE) as answer:
            return json.load(answer)

    def quality(self, **query: str) -> dict[str, Any]:
        """/api/quality, by the models' names."""
        return {m["name"]: m for m in self.get("/api/quality", **query)["models"]}

    def export(self, model: str, path: Path) -> Path:
        """What ``penstock quality export`` writes, while the server runs."""
        command = [self.program, "quality", "export", "--data-dir", str(self.data), "--model", model, "--out", str(path)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        return path
