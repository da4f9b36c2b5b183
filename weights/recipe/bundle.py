"""Writes a trained network as a bundle, and what was measured of it.

The files: manifest.json, model.safetensors, model.pt, golden.json,
heldout.bin.gz and measured.json, all in weights/digits.
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


def golden(tensors, mean_std, temperature, images, labels):
    """Real digits of every class, then rows that pixels never make."""
    chosen = [int(np.flatnonzero(labels == digit)[0]) for digit in range(10)]
    rows = (images[chosen].astype(np.float32) / np.float32(255))
    ramp = np.linspace(0, 1, rows.shape[1], dtype=np.float32)
    rows = np.vstack([rows, np.zeros_like(ramp)[None], ramp[None]])
    _, scores = forward(tensors, rows, mean_std, temperature)
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


def measure(tensors, mean_std, temperature, images, labels):
    logits, scores = forward(tensors, images.astype(np.float32) / np.float32(255), mean_std, temperature)
    correct = int((logits.argmax(1) == labels).sum())
    return {"images": len(labels), "correct": correct, "accuracy": correct / len(labels),
            "log_loss": round(log_loss(scores, labels), 5),
            "calibration_error": round(calibration_error(scores, labels), 5)}


def write(net, temperature, mean_std, validation, seed):
    print(f"temperature {temperature}")
    tensors = {name: t.detach().numpy() for name, t in net.state_dict().items()}
    test_images, test_labels = mnist.read("t10k")
    held, held_index = held_out(test_images, test_labels, seed)

    files = {
        "model.safetensors": safetensors(tensors),
        "model.pt": torchscript.export(net),
        "golden.json": golden(tensors, mean_std, temperature, *validation),
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
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }
    measured = {
        "test": measure(tensors, mean_std, temperature, test_images, test_labels),
        "test_without_temperature": measure(tensors, mean_std, 1.0, test_images, test_labels),
        "validation": measure(tensors, mean_std, temperature, *validation),
        "heldout": measure(tensors, mean_std, temperature, test_images[held_index], test_labels[held_index]),
    }
    for split, m in measured.items():
        print(f"{split}: {m['correct']} of {m['images']} right ({100 * m['accuracy']:.2f} %), "
              f"log loss {m['log_loss']}, calibration error {m['calibration_error']}")
    if measured["test"]["accuracy"] < PROMISED_ACCURACY:
        raise SystemExit(f"test accuracy is below {PROMISED_ACCURACY}: nothing was written")

    for name, value in (("manifest.json", manifest), ("measured.json", measured)):
        files[name] = (json.dumps(value, indent=2) + "\n").encode()

    OUT.mkdir(exist_ok=True)
    for name, data in files.items():
        (OUT / name).write_bytes(data)
        print(f"{len(data):9}  {name}")
