"""Writes the trained convolutional network as the bundle weights/digits-cnn:
manifest.json, model.pt, golden.json and measured.json.

There is TorchScript alone, for engines that know no convolution cannot run it.
"""
import copy
from pathlib import Path

import numpy as np
import torch

import mnist
import torchscript
from bundle import golden, measure, store
from calibrate import softmax

OUT = Path(__file__).parent.parent / "digits-cnn"
PROMISED_ACCURACY = 0.992


def write(net, shape, temperature, mean_std, validation):
    print(f"temperature {temperature}")
    precise = copy.deepcopy(net).double()

    @torch.no_grad()
    def answer(rows, t=temperature):
        x = (torch.from_numpy(rows).double() - mean_std[0]) / mean_std[1]
        parts = [precise(part.view(-1, *shape)) for part in x.split(500)]  # a convolution's values fill memory
        logits = torch.cat(parts).numpy()
        return logits, softmax(logits, t)

    test = mnist.read("t10k")
    files = {"model.pt": torchscript.export(net, shape), "golden.json": golden(answer, *validation)}
    manifest = {
        "name": "digits-cnn", "version": "1", "task": "classification", "features": int(np.prod(shape)),
        "classes": [str(d) for d in range(10)],
        "input": {"uint8_scale": 1 / 255, "mean": mean_std[0], "std": mean_std[1], "shape": list(shape)},
        "engines": {"torchscript": {"file": "model.pt", "output": "logits"}},
        "calibration": {"temperature": temperature},
        "golden": "golden.json",
    }
    measured = {
        "test": measure(answer, *test),
        "test_without_temperature": measure(lambda rows: answer(rows, 1.0), *test),
        "validation": measure(answer, *validation),
    }
    store(OUT, PROMISED_ACCURACY, manifest, files, measured)
