"""Trains the network of the digits bundle and writes the bundle.

784 -> 512 -> 256 -> 10, relu, relu, softmax, on MNIST with small shifts,
turns and changes of size. Everything random comes from one seed, and one
thread does the arithmetic, so that a second run on the same machine and
libraries gives the same bytes.
"""
import math
import time

import numpy as np
import torch
import torch.nn.functional as F

import bundle
import mnist
from calibrate import fit_temperature

SEED = mnist.SEED
EPOCHS = 60
BATCH = 256
PEAK_RATE = 2e-3
WEIGHT_DECAY = 2e-4
MEAN, STD = 0.1307, 0.3081


def network():
    return torch.nn.Sequential(
        torch.nn.Linear(784, 512), torch.nn.ReLU(),
        torch.nn.Linear(512, 256), torch.nn.ReLU(),
        torch.nn.Linear(256, 10),
    )


def normalise(pixels):
    """uint8 [n, 784] to what the network is trained on."""
    return (torch.from_numpy(pixels).float() / 255 - MEAN) / STD


def augment(rows):
    """Moves, turns and resizes each image a little: ±2.5 pixels, ±12°, ±12 %."""
    n = len(rows)
    turn = (torch.rand(n) * 2 - 1) * math.radians(12)
    size = 1 + (torch.rand(n) * 2 - 1) * 0.12
    shift = (torch.rand(n, 2) * 2 - 1) * (2.5 / 14)  # the grid spans 2 for 28 pixels
    theta = torch.empty(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = torch.cos(turn) / size
    theta[:, 0, 1] = -torch.sin(turn) / size
    theta[:, 1, 0] = torch.sin(turn) / size
    theta[:, :, 2] = shift
    background = -MEAN / STD  # what a black pixel becomes; grid_sample pads with 0
    images = rows.view(n, 1, 28, 28) - background
    grid = F.affine_grid(theta, images.shape, align_corners=False)
    return (F.grid_sample(images, grid, align_corners=False) + background).view(n, -1)


def rate(step, steps):
    """A short linear warm-up, then half a cosine down to nothing."""
    warm = steps // 20
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))


@torch.no_grad()
def logits_of(net, pixels):
    return net(normalise(pixels)).numpy()


def train(net, images, labels, validation, epochs=EPOCHS):
    rows, targets = normalise(images), torch.from_numpy(labels)
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=WEIGHT_DECAY)
    batches = len(rows) // BATCH
    began = time.monotonic()
    for epoch in range(epochs):
        order, total = torch.randperm(len(rows)), 0.0
        for i in range(batches):
            for group in optimiser.param_groups:
                group["lr"] = PEAK_RATE * rate(epoch * batches + i, epochs * batches)
            chosen = order[i * BATCH:(i + 1) * BATCH]
            loss = F.cross_entropy(net(augment(rows[chosen])), targets[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item()
        right = (logits_of(net, validation[0]).argmax(1) == validation[1]).mean()
        print(f"epoch {epoch + 1:2}/{epochs}  loss {total / batches:.4f}  "
              f"validation {right:.4f}  {time.monotonic() - began:.0f} s", flush=True)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    np.seterr(all="raise", under="ignore")

    (images, labels), validation = mnist.train_and_validation(SEED)
    net = network()
    train(net, images, labels, validation)
    net.eval()
    temperature = fit_temperature(logits_of(net, validation[0]), validation[1])
    bundle.write(net, temperature, (MEAN, STD), validation, SEED)


if __name__ == "__main__":
    main()
