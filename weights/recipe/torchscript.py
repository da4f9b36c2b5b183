"""Saves a network as TorchScript, in the same bytes every time.

The module takes normalised rows, [n, features] or of the shape that the
manifest's input.shape gives, and returns logits: the input's mean and
deviation, the temperature and the softmax are applied by the server, as for
every engine.
"""
import io
import zipfile

import torch


def export(net, shape):
    """The file for a network that takes rows of a shape."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(net), buffer)
    plain = _without_sources(buffer.getvalue())

    rows = torch.randn(3, *shape)
    with torch.no_grad():
        if not torch.equal(torch.jit.load(io.BytesIO(plain))(rows), net(rows)):
            raise SystemExit("model.pt does not answer as the network does")
    return plain


def _without_sources(archive):
    """Drops the debug files, which name source files of the machine that trained."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            if entry.filename.endswith(".debug_pkl"):
                continue
            same = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
            new.writestr(same, old.read(entry), zipfile.ZIP_STORED)
    return out.getvalue()
