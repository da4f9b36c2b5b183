"""Writes some of the training images as CSV, pixels in [0,1], to make the bundle's
reference of: penstock reference --model weights/digits --sample FILE.
"""
import sys

import mnist

ROWS = 20000

(images, _), _ = mnist.train_and_validation(mnist.SEED)
texts = [str(round(pixel / 255, 6)) for pixel in range(256)]
for image in images[:ROWS]:  # they are in random order
    sys.stdout.write(",".join(texts[pixel] for pixel in image) + "\n")
