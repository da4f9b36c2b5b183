"""Writes a network with random weights, for every server of the comparison: a
bundle for Penstock, TorchScript for Python, ONNX for Node. Arguments: the
folder, and the widths of the layers, inputs first."""
import json
import pathlib
import struct
import sys

import torch

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
torch.manual_seed(1)
widths = [int(w) for w in sys.argv[2:]]
linear = [torch.nn.Linear(i, o) for i, o in zip(widths, widths[1:])]
modules = [m for layer in linear for m in (layer, torch.nn.ReLU())][:-1]
net = torch.nn.Sequential(*modules).eval()

tensors, data = {}, b""
for i, layer in enumerate(linear):
    for kind, tensor in (("weight", layer.weight), ("bias", layer.bias)):
        values = tensor.detach().numpy().astype("<f4").tobytes()
        tensors[f"{i}.{kind}"] = {
            "dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(values)],
        }
        data += values
header = json.dumps(tensors).encode()
header += b" " * (-len(header) % 8)
(out / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + data)
layers = [
    {"weight": f"{i}.weight", "bias": f"{i}.bias", "activation": "relu" if i + 1 < len(linear) else "softmax"}
    for i in range(len(linear))
]
(out / "manifest.json").write_text(json.dumps({
    "name": "random", "version": "1", "task": "classification", "features": widths[0],
    "classes": [str(i) for i in range(widths[-1])],
    "engines": {"dense": {"file": "model.safetensors", "layers": layers}},
}, indent=1))

with_softmax = torch.nn.Sequential(net, torch.nn.Softmax(dim=1)).eval()
row = torch.zeros(1, widths[0])
torch.jit.trace(with_softmax, row).save(str(out / "model.pt"))
torch.onnx.export(with_softmax, row, str(out / "model.onnx"), input_names=["x"], output_names=["y"], opset_version=13)
