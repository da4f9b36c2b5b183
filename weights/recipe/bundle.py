"""Writes the trained network as the bundle weights/digits, and what was
measured of it: manifest.json, model.safetensors, model.pt, golden.json,
heldout.bin.gz and measured.json.

golden, measure and store are for other networks too. They know a network as
answer(rows): rows in [0,1], float32 [n, 784], to float64 (logits, scores).
"""
import gzip
import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import torch

import mnist
import torchscript
from calibrate import calibration_error, log_loss, softmax

OUT = Path(__file__).parent.parent / "digits"
HELD_OUT_ROWS = 2000
PROMISED_ACCURACY = 0.985


def forward(tensors, rows, mean_std, temperature):
    """The network in float64: rows in [0,1] to (logits, final scores)."""
    x = (rows.astype(np.float64) - mean_std[0]) / mean_std[1]
    for layer in ("0", "2", "4"):
        x = x @ tensors[f"{layer}.weight"].astype(np.float64).T + tensors[f"{layer}.bias"]
        if layer != "4":
            x = np.maximum(x, 0)
    return x, softmax(x, temperature)


def safetensors(tensors):
    """The format: eight bytes of header length, a JSON header, the data."""
    header, offset = {}, 0
    for name, t in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [offset, offset + t.nbytes]}
        offset += t.nbytes
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)  # the data starts at a multiple of eight
    data = b"".join(np.ascontiguousarray(t, "<f4").tobytes() for t in tensors.values())
    return struct.pack("<Q", len(head)) + head + data


def golden(answer, images, labels):
    """Real digits of every class, then rows that pixels never make."""
    chosen = [int(np.flatnonzero(labels == digit)[0]) for digit in range(10)]
    rows = (images[chosen].astype(np.float32) / np.float32(255))
    ramp = np.linspace(0, 1, rows.shape[1], dtype=np.float32)
    rows = np.vstack([rows, np.zeros_like(ramp)[None], ramp[None]])
    _, scores = answer(rows)
    # str(float32) is the shortest text that reads back as the same float32.
    text = ",\n  ".join("[" + ",".join(_short(x) for x in row) + "]" for row in rows)
    want = ",\n  ".join(json.dumps(row.tolist(), separators=(",", ":")) for row in scores)
    return f'{{"features": [\n  {text}],\n "scores": [\n  {want}]}}\n'.encode()


def _short(x):
    return str(int(x)) if x == int(x) else str(x)


def held_out(images, labels, seed):
    """Little-endian uint32 rows and features, the labels, the pixels; gzip."""
    chosen = np.sort(np.random.default_rng(seed).choice(len(images), HELD_OUT_ROWS, replace=False))
    raw = struct.pack("<II", len(chosen), images.shape[1])
    raw += labels[chosen].astype(np.uint8).tobytes() + images[chosen].tobytes()
    return gzip.compress(raw, 9, mtime=0), chosen


def measure(answer, images, labels):
    logits, scores = answer(images.astype(np.float32) / np.float32(255))
    correct = int((logits.argmax(1) == labels).sum())
    return {"images": len(labels), "correct": correct, "accuracy": correct / len(labels),
            "log_loss": round(log_loss(scores, labels), 5),
            "calibration_error": round(calibration_error(scores, labels), 5)}


def store(folder, promised, manifest, files, measured):
    """Writes a bundle, unless it is less accurate than promised."""
    for split, m in measured.items():
        print(f"{split}: {m['correct']} of {m['images']} right ({100 * m['accuracy']:.2f} %), "
              f"log loss {m['log_loss']}, calibration error {m['calibration_error']}")
    if measured["test"]["accuracy"] < promised:
        raise SystemExit(f"test accuracy is below {promised}: nothing was written")

    manifest["sha256"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    for name, value in (("manifest.json", manifest), ("measured.json", measured)):
        files[name] = (json.dumps(value, indent=2) + "\n").encode()
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
        print(f"{len(data):9}  {name}")


def write(net, temperature, mean_std, validation, seed):
    print(f"temperature {temperature}")
    tensors = {name: t.detach().numpy() for name, t in net.state_dict().items()}
    test_images, test_labels = mnist.read("t10k")
    held, held_index = held_out(test_images, test_labels, seed)

    def answer(rows, t=temperature):
        return forward(tensors, rows, mean_std, t)

    files = {
        "model.safetensors": safetensors(tensors),
        "model.pt": torchscript.export(net, (784,)),
        "golden.json": golden(answer, *validation),
        "heldout.bin.gz": held,
    }
    layers = [{"weight": f"{i}.weight", "bias": f"{i}.bias", "activation": a}
              for i, a in ((0, "relu"), (2, "relu"), (4, "softmax"))]
    manifest = {
        "name": "digits", "version": "1", "task": "classification", "features": 784,
        "classes": [str(d) for d in range(10)],
        "input": {"uint8_scale": 1 / 255, "mean": mean_std[0], "std": mean_std[1]},
        "engines": {"dense": {"file": "model.safetensors", "layers": layers},
                    "torchscript": {"file": "model.pt", "output": "logits"}},
        "calibration": {"temperature": temperature},
        "golden": "golden.json",
    }
    measured = {
        "test": measure(answer, test_images, test_labels),
        "test_without_temperature": measure(lambda rows: answer(rows, 1.0), test_images, test_labels),
        "validation": measure(answer, *validation),
        "heldout": measure(answer, test_images[held_index], test_labels[held_index]),
    }
    store(OUT, PROMISED_ACCURACY, manifest, files, measured)
