"""Measures Penstock beside the servers that people would use instead for a tabular
model: the same XGBoost model and the same network, each server by its own protocol,
all of a server pinned to one core and the load to another, in turn within a round.

    measure.py --models DIR --penstock BINARY --venvs DIR --load DIR [--rounds N] [--out FILE]

Every figure is the median over the rounds; ratios are taken within a round.
"""
import argparse
import datetime
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
ROW = [0.5] * 32
V2 = '{"inputs":[{"name":"rows","shape":[1,32],"datatype":"FP32","data":%s}]}'
# name: (package, arguments after the core, path, body). {python} is that of the virtual
# environment of the package, or of the common one.
RIVALS = {
    "FastAPI": ("fastapi", ["{python}", "plain.py"], "/predict", '{"features":%s}'),
    "BentoML": ("bentoml", ["{bin}/bentoml", "serve", "bento:Tabular", "--host", "127.0.0.1", "--port", "{port}"], "/predict", '{"rows":[%s]}'),
    "LitServe": ("litserve", ["{python}", "lit.py"], "/predict", '{"features":%s}'),
    "MLServer": ("mlserver", ["{bin}/mlserver", "start", "{folder}"], "/v2/models/tabular/infer", V2),
    "Ray Serve": ("ray", ["{python}", "rayserve.py"], "/predict", '{"features":%s}'),
    "mosec": ("mosec", ["{python}", "mosec_server.py", "--port", "{port}", "--wait", "1"], "/inference", '{"features":%s}'),
}


OWN = {"mlserver", "ray"}  # with environments of their own, since they want older packages


def interpreter(package, options):
    return options.venvs / (package if package in OWN else "common") / "bin/python"


def version(package, options):
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([interpreter(package, options), "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def call(port, path, form):
    body = form.replace("%s", json.dumps(ROW)).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"})
    return urllib.request.urlopen(request, timeout=5).read()


def mlserver_folder(folder, port):
    """What MLServer wants of settings, beside the code."""
    for name in ("mls.py", "predictor.py"):
        shutil.copy(HERE / name, folder)
    (folder / "settings.json").write_text(json.dumps({"host": "127.0.0.1", "http_port": port, "grpc_port": port + 1, "metrics_port": port + 2,
                                                     "parallel_workers": 0, "debug": False}))
    (folder / "model-settings.json").write_text(json.dumps({"name": "tabular", "implementation": "mls.Tabular", "max_batch_size": 64, "max_batch_time": 0.001}))


class Running:
    """A server and all that it starts, in a session of its own that is ended whole."""

    def __init__(self, arguments, environment, folder):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(["taskset", "-c", "0", *arguments], cwd=folder, env={**os.environ, **environment},
                                        stdout=self.log, stderr=self.log, start_new_session=True)

    def wait_for(self, ready, seconds=120):
        end = time.monotonic() + seconds
        while True:
            try:
                return ready()
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.log.seek(0)
                    raise RuntimeError(f"{self.process.args} is not ready: {error}\n{self.log.read()[-3000:].decode()}") from error
                time.sleep(0.2)

    def stop(self):
        for session in sessions(self.process.pid):
            try:
                os.kill(session, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()


def sessions(leader):
    """The processes of a session, and their descendants in sessions of their own."""
    parents, found = {}, {leader}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = (int(fields[1]), int(fields[3]))
    grown = True
    while grown:
        more = {pid for pid, (parent, session) in parents.items() if parent in found or session in found} - found
        found |= more
        grown = bool(more)
    return found


def load(program, *arguments):
    out = subprocess.run(["taskset", "-c", "1", str(program), *arguments], check=True, capture_output=True, text=True).stdout
    return json.loads(out)["requests_per_second"]


def rival(name, model, options, port):
    package, arguments, path, form = RIVALS[name]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if package == "mlserver":
            mlserver_folder(folder, port)
        python = interpreter(package, options)
        arguments = [a.format(python=python, bin=python.parent, port=port, folder=folder) for a in arguments]
        environment = {"MODEL": str(options.models / model), "PORT": str(port), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE),
                       "BENTOML_DO_NOT_TRACK": "1", "RAY_USAGE_STATS_ENABLED": "0", "BENTOML_HOME": str(folder / "bentoml")}
        server = Running(arguments, environment, HERE)
        try:
            server.wait_for(lambda: call(port, path, form))
            # As many connections as suit it best.
            return max(load(options.load / "httpload", "-address", f"127.0.0.1:{port}", "-path", path, "-form", form, "-connections", str(n),
                            "-duration", options.duration) for n in (64, 512))
        finally:
            server.stop()


def penstock(model, options, port):
    arguments = [str(options.penstock), "--listen", f"127.0.0.1:{port}", "--admin-listen", "", "--log-level", "error", "--model", str(options.models / model),
                 "--python", str(interpreter("", options))]
    server = Running(arguments, {}, HERE)
    try:
        server.wait_for(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).read())
        return load(options.load / "wireload", "-address", f"127.0.0.1:{port}", "-features", "32", "-connections", "16", "-in-flight", "32",
                    "-duration", options.duration)
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--penstock", type=Path, required=True)
    parser.add_argument("--venvs", type=Path, required=True)
    parser.add_argument("--load", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--duration", default="3s")
    parser.add_argument("--only", action="append")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    text, port = "", 9100
    for title, ours, model, rivals in (
        ("XGBoost, 500 trees of depth 6, 32 features, JSON, 16 × 32 in flight", "forest.ubj", "forest.ubj", list(RIVALS)),
        ("MLP 32-128-64-2 from ONNX, JSON, 16 × 32 in flight", "mlp.onnx", "mlp.onnx", list(RIVALS)),
        ("A pipeline of scikit-learn, in Python in both, JSON, 16 × 32 in flight", "pipeline", "pipeline.pkl", ["FastAPI"]),
    ):
        found = {}
        for turn in range(options.rounds):
            for name in ["Penstock", *(r for r in rivals if not options.only or r in options.only)]:
                port += 10
                rate = penstock(ours, options, port) if name == "Penstock" else rival(name, model, options, port)
                found.setdefault(name, []).append(rate)
                print(f"round {turn + 1}: {model}: {name}: {rate:.0f} requests/s", file=sys.stderr, flush=True)
        text += f"\n### {title}\n\n| server | version | requests/s, median | lowest | highest | Penstock is faster by |\n|---|---|--:|--:|--:|--:|\n"
        for name, rates in found.items():
            which = "this" if name == "Penstock" else version(RIVALS[name][0], options)
            ratio = statistics.median(p / r for p, r in zip(found["Penstock"], rates))
            text += f"| {name} | {which} | {statistics.median(rates):.4g} | {min(rates):.4g} | {max(rates):.4g} | {'' if name == 'Penstock' else f'{ratio:.1f} ×'} |\n"
    head = f"""## Tabular models, beside servers of Python

Written by `make bench-rivals` on {datetime.date.today()}. All of a server's processes had one core, the load the other. Penstock was asked over 16
WebSockets with 32 requests in flight on each, the others by POST over 64 and over 512 connections that were kept, of which the better counts. They
call the model through its own library, XGBoost {version("xgboost-cpu", options)} and ONNX Runtime {version("onnxruntime", options)}, on one thread; those that batch do so with at most 64 rows and
a millisecond of waiting, or as they see fit.
"""
    print(head + text)
    if options.out:
        options.out.write_text(head + text)


if __name__ == "__main__":
    main()
