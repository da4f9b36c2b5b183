#!/usr/bin/python3
"""Writes the small modules that the tests load. Needs Debian's python3-torch.

Each is one sound or faulty thing that a module can do. They take rows of 16
features unless they say otherwise; none has learnt anything.
"""
import io
import zipfile
from pathlib import Path
from typing import Dict, Tuple

import torch
from torch import Tensor, nn

HERE = Path(__file__).parent


class Tuples(nn.Module):
    """Returns its logits and what it computed them from."""

    def __init__(self):
        super().__init__()
        self.hidden, self.last = nn.Linear(16, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        h = torch.relu(self.hidden(x))
        return self.last(h), h


class First(nn.Module):
    """Returns three features of a row, and so costs next to nothing itself."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :3]


class Dicts(nn.Module):
    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        return {"scores": x[:, :3]}


class Classes(nn.Module):
    """Gives class numbers instead of scores."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :3].argmax(1, keepdim=True).expand(-1, 3)


class Squeezes(nn.Module):
    """Squeezes away the batch when there is one row: a common mistake."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum(1, keepdim=True).squeeze()


class Sums(nn.Module):
    """A regression: the sum of a row, in float64, transposed in memory."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x.double().sum(1), x.double().sum(1)]).t()[:, :1]


class Fails(nn.Module):
    """A regression that fails as the first feature of a row commands."""

    def forward(self, x: Tensor) -> Tensor:
        command = int(x[:, 0].max())
        if command == 101:
            raise ValueError("told to raise")
        if command == 102:  # more memory than there can be
            return torch.zeros([1 << 45], dtype=torch.float32)
        if command == 103:  # types that do not go together
            return torch.mm(x, torch.ones([16, 1], dtype=torch.int64))
        if command == 104:  # shapes that do not go together
            return torch.mm(x, torch.ones([15, 1]))
        if command == 105:  # a shape that nobody expects
            return x
        if command == 106:
            assert False, "told to assert"
        if command == 107:  # an index that is not there
            return x[:, 99:100][0, 5].reshape([1])
        return x.sum(1)


class Dropout(nn.Module):
    """Answers at random unless it is in evaluation mode."""

    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(x).sum(1)


class Keeps(nn.Module):
    """A regression: the sum of a row and of the batch before, which it keeps."""

    def __init__(self):
        super().__init__()
        self.last = torch.zeros(1, 16)

    def forward(self, x: Tensor) -> Tensor:
        scores = x.sum(1) + self.last.sum()
        self.last = x
        return scores


class Writes(nn.Module):
    """Writes to a view of what it is given, for some values only."""

    def forward(self, x: Tensor) -> Tensor:
        if bool(x[0, 0] > 0):
            x[:, 1:].add_(1)
        return x.sum(1)


def convolution():
    """Rows are images of [2, 4, 4]: 32 features."""
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3), nn.Softmax(1))


def without_sources(archive):
    """Drops the debug files, which name files of the machine that wrote them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                new.writestr(zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), old.read(entry), zipfile.ZIP_STORED)
    return out.getvalue()


def main():
    torch.manual_seed(7)
    modules = {
        "tuple": Tuples(), "first": First(), "dict": Dicts(), "classes": Classes(), "squeeze": Squeezes(), "sum": Sums(),
        "fails": Fails(), "dropout": Dropout(), "convolution": convolution(), "logits": nn.Linear(16, 3),
        "keeps": Keeps(), "writes": Writes(),
    }
    for name, net in modules.items():
        buffer = io.BytesIO()
        torch.jit.save(torch.jit.script(net), buffer)  # in training mode: the engine's own eval must do
        (HERE / f"{name}.pt").write_bytes(without_sources(buffer.getvalue()))


if __name__ == "__main__":
    main()
