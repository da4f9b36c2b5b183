"""Proves from outside that what the server tells is what libraries compute of the exported outcomes.

    go build -o /tmp/penstock . && python bench/quality/oracle/oracle.py --program /tmp/penstock

Six models at once are asked and labelled over several sessions, in any order, with repeats, wrong ids and wrong labels,
while the server is stopped, killed and started again, one model in another version. Then every measure is compared; the
table is printed, and the exit code is 1 if any is farther off than 1e-9, or if the ledger of what clients were told
does not agree with what was kept.

It needs numpy, scikit-learn and websockets; with --complete also mapie, nannyml and pyarrow.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "client/python/src"))

import numpy as np
from websockets.asyncio.client import connect

import compare
import libraries
from exported import Exported, alike, check_ledger, distributions, read_export, read_parquet, single
from models import Model, everything
from server import PATIENCE, Server
from table import MOST, SINGLE, Table
from traffic import Request, Traffic, plain

SHARES = [0.25, 0.25, 0.2, 0.1, 0.1, 0.1]
"""Of the rows, by model."""
RECENT = 1.0
"""Seconds of acknowledged labels that may be lost when the server is killed."""
ALPHAS = [0.05, 0.1, 0.2]


class Run:
    def __init__(self, server: Server, traffic: Traffic) -> None:
        self.server, self.traffic = server, traffic
        self.notes: list[str] = []

    async def start(self) -> None:
        took = self.server.start()
        self.notes.append(f"ready after {took:.2f} s")
        await self.traffic.connect(self.server.address)

    async def stop(self) -> None:
        await self.traffic.close()
        await asyncio.to_thread(self.server.stop, signal.SIGTERM)
        self.notes.append("SIGTERM")

    async def round(self, rows: int) -> None:
        """Predicts and labels, and labels on after a SIGTERM: nothing is orphaned."""
        await self.traffic.predict(rows)
        await self.traffic.use_ids_again(8)
        await self.traffic.label(0.4)
        await self.stop()
        await self.start()
        await self.traffic.replay(None, 0)
        await self.traffic.label(0.8)

    async def killed_round(self, rows: int, together: bool) -> None:
        """Kills the server in the middle of the labels. With together, also the predictions of the last minute go: few,
        so that it takes less than that minute."""
        if not together:
            await self.traffic.predict(rows)
        await self.stop()
        await self.start()
        if together:
            await self.traffic.predict(rows // 4)
        await self.traffic.label(0.3)
        await asyncio.sleep(2 * RECENT)  # so that what was predicted is kept, and its number known
        before = self.traffic.said["feedback_ok"]
        labelling = asyncio.create_task(self.traffic.label(0.6))
        while self.traffic.said["feedback_ok"] < before + 30 and not labelling.done():
            await asyncio.sleep(0.001)
        killed = time.monotonic()
        await asyncio.to_thread(self.server.stop, signal.SIGKILL)
        await labelling
        self.notes.append("kill -9" + (" with the predictions of the last minute" if together else ""))
        await self.traffic.close()
        await self.start()
        await self.traffic.replay(killed, RECENT, together)
        await (self.traffic.label_all() if together else self.traffic.label(0.7))

    async def freeze(self) -> None:
        async with connect(f"ws://{self.server.address}/ws/dashboard", max_size=None) as socket:
            for model in self.traffic.models:
                if model.kind == "class":
                    await socket.send(json.dumps({"type": "freeze_calibration", "model": model.name, "frozen": True}))
            deadline = time.monotonic() + PATIENCE
            while not all(q["calibrator"]["frozen"] for q in self.server.quality(window="1h").values() if q["calibrator"]):
                assert time.monotonic() < deadline, "the calibration is not frozen"
                await asyncio.sleep(0.05)

    async def fresh(self, rows: int) -> dict[str, list[tuple[float, dict[str, Any]]]]:
        """Sets of rows that nobody labels."""
        got: dict[str, list[tuple[float, dict[str, Any]]]] = {}
        link = self.traffic.links[0]
        for model in self.traffic.models:
            if model.kind == "labels":
                continue
            messages = []
            for i in range(rows * len(ALPHAS)):
                q = Request(model, f'"fresh {model.name} {i}"', link.caller, [i % len(model.rows)], [])
                self.traffic.all.append(q)
                alpha = ALPHAS[i % len(ALPHAS)]
                text = q.message().replace('["scores"]', f'["scores","set"],"alpha":{alpha}')

                def heard(m: dict[str, Any], q: Request = q, alpha: float = alpha) -> None:
                    q.answered(m)
                    got.setdefault(q.model.name, []).append((alpha, m))

                messages.append((q.raw_id, text, heard))
            await link.ask(messages)
        return got

    async def settled(self) -> None:
        """Waits until all that was acknowledged is in the history."""
        labelled = {m.name: sum(len(q.rows) for q in self.traffic.all if q.model is m and q.acknowledged) for m in self.traffic.models}
        predicted = {m.name: sum(len(q.rows) for q in self.traffic.all if q.model is m) for m in self.traffic.models}
        deadline = time.monotonic() + PATIENCE
        while True:
            totals = {name: q["over_time"]["total"] for name, q in self.server.quality(window="1h").items()}
            if all(totals[n]["labelled"] >= labelled[n] and totals[n]["predicted"] >= predicted[n] for n in labelled):
                return
            if time.monotonic() > deadline:
                return  # what is missing shows in the table
            await asyncio.sleep(0.1)


async def traffic_of(run: Run, labels: int, rounds: int, window: int, gently: bool) -> dict[str, list[tuple[float, dict[str, Any]]]]:
    """All that happens; rounds of restarts, and then so many rows a class with the calibration frozen."""
    rows = round(labels / 0.75) - window
    await run.start()
    for i in range(rounds):
        await (run.killed_round(rows // rounds, i == 1) if i % 2 and not gently else run.round(rows // rounds))
        if i == (rounds - 1) // 2:
            run.server.later = True
            await run.stop()
            await run.start()
    if window:
        await run.freeze()
        since = len(run.traffic.all)
        await run.traffic.predict(window)
        await run.traffic.label(0.95, since)
    fresh = await run.fresh(60)
    await run.stop()
    await run.start()
    await run.traffic.replay(None, 0)
    await run.settled()
    return fresh


def exports(run: Run, folder: Path) -> tuple[list[Exported], list[str]]:
    """Each model's rows, and what is wrong with them."""
    ledger = {(q.caller, plain(q.raw_id)): q for q in run.traffic.all if not q.replaced}
    found, wrong = [], []
    for model in run.traffic.models:
        x = read_export(model, run.server.export(model.name, folder / f"{model.name}.csv"), ledger)
        found.append(x)
        wrong += check_ledger(x, run.traffic.all)
        parquet = read_parquet(run.server.export(model.name, folder / f"{model.name}.parquet"))
        if parquet is None:
            continue  # nothing is installed that reads it
        alike_all = len(parquet) == len(x) and all(alike(str(a[k]), b[k]) for a, b in zip(x.cells, parquet) for k in a)
        if not alike_all:
            wrong.append(f"{model.name}: CSV and Parquet differ")
    return found, wrong


def kept(x: Exported, wrong: list[str]) -> None:
    """The probabilities that were kept are those of the replies."""
    if x.model.kind == "class":
        p = distributions(x.told("scores"))
        if not np.array_equal(p[np.arange(len(x)), x.indices("label")], x.numbers("probability")):
            wrong.append(f"{x.model.name}: the probabilities of the true classes are not those of the replies")
        if not np.array_equal(single(x.told("shown")), x.numbers("shown_confidence")):
            wrong.append(f"{x.model.name}: the confidences shown are not those of the replies")


def compare_all(run: Run, found: list[Exported], fresh: dict[str, list[tuple[float, dict[str, Any]]]]) -> Table:
    t = Table()
    told = run.server.quality()
    for x in found:
        name = x.model.name
        requests = [q for q in run.traffic.all if q.model is x.model]
        compare.over_time(t, run.server, x, requests)
        for step in (compare.slices, compare.curve, compare.residuals, compare.worst):
            step(t, run.server, x)
        compare.refused(run.server, x)
        version = told[name]["version"]
        served = x.where(x.column("version") == version)
        compare.since_the_start(t, told[name], served, [q for q in requests if q.version == version])
        if x.model.kind == "class":
            compare.calibrator(t, told[name]["calibrator"], served)
        if x.model.kind != "labels":
            compare.sets(t, told[name]["sets"], served, fresh[name])
    return t


def report(run: Run, t: Table, found: list[Exported], wrong: list[str], seed: int) -> None:
    rows = {x.model.name: len(x) for x in found}
    print(f"{sum(rows.values())} labelled rows ({', '.join(f'{n} {k}' for k, n in rows.items())}) of "
          f"{sum(len(q.rows) for q in run.traffic.all)} predicted, seed {seed}.\n")
    print(f"{libraries.versions()}; Python {sys.version.split()[0]}.\n")
    print(f"CSV{'' if importlib.util.find_spec('pyarrow') is None else ' and Parquet, cell by cell the same'}.\n")
    print(f"Restarts: {', '.join(run.notes)}.\n")
    print(f"Answers to labels: {', '.join(f'{v} {k}' for k, v in sorted(run.traffic.said.items()))}.\n")
    orphaned = sum(len(q.rows) for q in run.traffic.all if q.gone and q.acknowledged is None and not q.maybe)
    print(f"{orphaned} rows were predicted in the minute before a kill -9, and had no label by then: theirs cannot count.\n")
    print(t.markdown())
    numbers = sum(line.compared for line in t.lines)
    coarse = [line for line in t.lines if line.most > MOST]
    print(f"\n{len(t.lines)} measures, {numbers} numbers; {len(t.beyond())} measures beyond {MOST:g}; the largest difference "
          f"{max(line.difference for line in t.lines if line.most <= MOST):.1e}. Besides, {len(coarse)} comparisons with what is kept "
          f"as float32, allowed {SINGLE:.0e}: the largest difference is {max(line.difference for line in coarse):.1e}. "
          f"{len(wrong)} rows or files are wrong.")
    for line in wrong[:20]:
        print("-", line)


async def main() -> int:
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--program", required=True, help="the built server")
    a.add_argument("--labels", type=int, default=100_000, help="about how many rows are labelled")
    a.add_argument("--rounds", type=int, default=6, help="of traffic, each with a restart; every second is a kill -9")
    a.add_argument("--gently", action="store_true", help="no kill -9, whose losses a machine that is slow may make larger than they should be")
    a.add_argument("--window", type=int, default=14_000, help="rows at the end with a frozen calibration; 0 has none from the start")
    a.add_argument("--links", type=int, default=8)
    a.add_argument("--images", type=int, default=8_000)
    a.add_argument("--seed", type=int, default=20261127)
    a.add_argument("--complete", action="store_true", help="fail where a library is missing")
    o = a.parse_args()
    if o.complete and not (libraries.MAPIE and libraries.NANNYML and importlib.util.find_spec("pyarrow")):
        sys.exit("--complete needs mapie, nannyml and pyarrow")
    r = np.random.default_rng(o.seed)
    with tempfile.TemporaryDirectory(prefix="penstock-oracle-") as name:
        folder = Path(name)
        models: list[Model] = everything(r, folder, o.images)
        server = Server(o.program, folder, models, *([] if o.window else ["--no-calibrate"]))
        run = Run(server, Traffic(models, SHARES, r, o.links))
        try:
            fresh = await traffic_of(run, o.labels, o.rounds, o.window, o.gently)
            found, wrong = exports(run, folder)
            for x in found:
                kept(x, wrong)
            t = compare_all(run, found, fresh)
        finally:
            await run.traffic.close()
            server.stop(signal.SIGKILL)
    report(run, t, found, wrong, o.seed)
    return 1 if t.beyond() or wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
