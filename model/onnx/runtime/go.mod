module penstock/model/onnx/runtime

go 1.26.0

toolchain go1.26.8

require github.com/ebitengine/purego v0.11.3
