//go:build linux

package onnx

import _ "embed"

// program is the process's, compressed; make -C model/onnx/runtime makes it.
//
//go:embed child_linux_arm64.gz
var program []byte
