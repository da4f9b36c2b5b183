"""Measures forests beside the libraries they come from, in turn, one thread each.

    compare.py [ROUNDS [boosted|deep]...]

XGBoost is measured in C, by what its in-place prediction takes without Python;
scikit-learn and ONNX Runtime from Python, whose part in a batch of 64 rows through a
deep forest is small.
"""

import ctypes
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "client/python/src"))
SECONDS = 0.4

DRIVER = r"""
#include <stdint.h>
#include <time.h>
typedef int (*predict)(void*, const char*, const char*, void*, const uint64_t**, uint64_t*, const float**);
double run(predict f, void *booster, const char **batches, int n, const char *config, double seconds, long *done, void *proxy) {
    struct timespec a, b; double took; long i = 0;
    const uint64_t *shape; uint64_t dim; const float *result;
    clock_gettime(CLOCK_MONOTONIC, &a);
    do {
        for (int k = 0; k < 10; k++, i++)
            if (f(booster, batches[i % n], config, proxy, &shape, &dim, &result)) return -1;
        clock_gettime(CLOCK_MONOTONIC, &b);
        took = (b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec);
    } while (took < seconds * 1e9);
    *done = i;
    return took;
}
"""


class Ours:
    """The command beside this file."""

    def __init__(self, binary: pathlib.Path, model: pathlib.Path, rows: pathlib.Path) -> None:
        self.child = subprocess.Popen([binary, model, rows], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                      env={**os.environ, "GOMAXPROCS": "1"})

    def ask(self, line: str) -> str:
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        return self.child.stdout.readline()

    def measure(self, batch: int) -> float:
        return float(self.ask(f"{batch} {SECONDS}"))


class XGBoost:
    def __init__(self, booster, rows: np.ndarray, folder: pathlib.Path) -> None:
        import xgboost
        from xgboost.core import _LIB

        (folder / "driver.c").write_text(DRIVER)
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", folder / "driver.so", folder / "driver.c"], check=True)
        self.run = ctypes.CDLL(folder / "driver.so").run
        self.run.restype = ctypes.c_double
        self.proxy = ctypes.c_void_p()
        assert _LIB.XGProxyDMatrixCreate(ctypes.byref(self.proxy)) == 0
        self.predict, self.handle, self.rows = _LIB.XGBoosterPredictFromDense, booster.handle, rows
        self.config = json.dumps({"type": 0, "training": False, "iteration_begin": 0, "iteration_end": 0,
                                  "strict_shape": False, "cache_id": 0, "missing": float("nan")}).encode()

    def measure(self, batch: int) -> float:
        batches = [json.dumps({"data": [self.rows[i:].ctypes.data, True], "shape": [batch, self.rows.shape[1]],
                               "typestr": "<f4", "version": 3}).encode()
                   for i in range(0, len(self.rows) - batch + 1, batch)]
        done = ctypes.c_long()
        took = self.run(ctypes.cast(self.predict, ctypes.c_void_p), self.handle, (ctypes.c_char_p * len(batches))(*batches),
                        len(batches), self.config, ctypes.c_double(SECONDS), ctypes.byref(done), self.proxy)
        assert took > 0, "XGBoost failed"
        return took / done.value / batch


class Called:
    """A Python function of a batch."""

    def __init__(self, function, rows: np.ndarray) -> None:
        self.function, self.rows = function, rows

    def measure(self, batch: int) -> float:
        n, began = 0, time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            at = n * batch % (len(self.rows) - batch)
            self.function(self.rows[at : at + batch])
            n += 1
        return (time.perf_counter() - began) / n / batch * 1e9


def compare(title: str, ours: Ours, others: dict, batches: list[int], rounds: int) -> None:
    for batch in batches:
        times: dict[str, list[float]] = {name: [] for name in ["penstock", *others]}
        for _ in range(rounds):
            for name, one in {"penstock": ours, **others}.items():
                times[name].append(one.measure(batch) / 1000)
        mine = statistics.median(times["penstock"])
        for name, each in times.items():
            ratio = statistics.median(theirs / own for theirs, own in zip(each, times["penstock"]))
            print(f"{title}, batch {batch}: {name} {statistics.median(each):.3f} µs/row, {ratio:.1f} × penstock's {mine:.3f}", flush=True)
    print(f"{title}: penstock's bytes and kernel: {ours.ask('bytes').strip()}", flush=True)


def boosted(folder: pathlib.Path, binary: pathlib.Path, rounds: int) -> None:
    import xgboost

    random = np.random.default_rng(1)
    x = random.normal(size=(20000, 32)).astype(np.float32)
    y = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + x[:, 3] ** 2 + 0.3 * x[:, 4:12].sum(1) + random.normal(size=len(x)) > 1
    x[random.random(x.shape) < 0.05] = np.nan
    booster = xgboost.train({"max_depth": 6, "objective": "binary:logistic", "eta": 0.1, "min_child_weight": 0, "nthread": 1},
                            xgboost.DMatrix(x, y), 500)
    booster.save_model(folder / "boosted.json")
    booster.set_param({"nthread": 1})
    rows = np.ascontiguousarray(x[:4096])
    rows.tofile(folder / "boosted.rows")
    ours = Ours(binary, folder / "boosted.json", folder / "boosted.rows")
    compare("500 trees of depth 6", ours, {"xgboost": XGBoost(booster, rows, folder)}, [1, 64], rounds)
    ours.child.stdin.close()


def resident() -> int:
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def deep(folder: pathlib.Path, binary: pathlib.Path, rounds: int) -> None:
    import onnxruntime
    import skl2onnx
    from sklearn.ensemble import RandomForestRegressor

    from penstock._forest import forest_bytes

    random = np.random.default_rng(2)
    x = random.normal(size=(5600, 32)).astype(np.float32)
    y = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + random.normal(size=len(x))
    forest = RandomForestRegressor(100, n_jobs=1, random_state=1).fit(x, y)
    nodes = sum(t.tree_.node_count for t in forest.estimators_)
    title = f"100 trees of depth {max(t.get_depth() for t in forest.estimators_)}, {nodes} nodes"
    model = folder / "deep.safetensors"
    model.write_bytes(forest_bytes(forest))
    rows = random.normal(size=(4096, 32)).astype(np.float32)
    rows.tofile(folder / "deep.rows")
    onnx = skl2onnx.to_onnx(forest, x[:1]).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    before = resident()
    session = onnxruntime.InferenceSession(onnx, options)
    print(f"{title}: onnxruntime's resident memory +{(resident() - before) / 1e6:.1f} MB", flush=True)
    name = session.get_inputs()[0].name
    ours = Ours(binary, model, folder / "deep.rows")
    compare(title, ours, {"onnxruntime": Called(lambda b: session.run(None, {name: b}), rows),
                          "scikit-learn": Called(forest.predict, rows)}, [64, 1], rounds)
    ours.child.stdin.close()


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        binary = folder / "trees"
        subprocess.run(["go", "build", "-o", binary, "./bench/trees"], cwd=ROOT, check=True)
        for measured in [boosted, deep]:
            if len(sys.argv) < 3 or measured.__name__ in sys.argv[2:]:
                measured(folder, binary, rounds)


if __name__ == "__main__":
    main()
