"""Trains the network of the digits-cnn bundle and writes the bundle.

Two 3 x 3 convolutions (16 and 32 channels), each with relu and a pooling by
two, then 1568 -> 128 -> 10. Images, split, augmentation, rate and seed are
those of train.py, and so is what is said there about repeating a run.
"""
import numpy as np
import torch

import bundle_cnn
import mnist
from calibrate import fit_temperature
from train import MEAN, SEED, STD, logits_of, train

EPOCHS = 12
SHAPE = (1, 28, 28)  # of a row, as the network takes it


def network():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(16, 32, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(32 * 7 * 7, 128), torch.nn.ReLU(),
        torch.nn.Linear(128, 10),
    )


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    np.seterr(all="raise", under="ignore")

    (images, labels), validation = mnist.train_and_validation(SEED)
    net = network()
    flat = torch.nn.Sequential(torch.nn.Unflatten(1, SHAPE), net)  # rows are [n, 784] while training
    train(flat, images, labels, validation, EPOCHS)
    flat.eval()
    temperature = fit_temperature(logits_of(flat, validation[0]), validation[1])
    bundle_cnn.write(net, SHAPE, temperature, (MEAN, STD), validation)


if __name__ == "__main__":
    main()
