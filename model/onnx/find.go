package onnx

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// libraryName is how the library's file begins.
const libraryName = "libonnxruntime.so"

// Find returns the path of ONNX Runtime's library. A path that is given, of the
// library or of a folder that holds it, is the only one that is looked at. Else it is
// looked for beside this program, where the loader looks, and in the Python
// environment: $VIRTUAL_ENV, or that of python3.
func Find(given string) (string, error) {
	if given != "" {
		info, err := os.Stat(given)
		if err != nil {
			return "", &LoadError{fmt.Sprintf("--onnxruntime: %v; expected the path of %s, or of its folder", err, libraryName), err}
		}
		if !info.IsDir() {
			return filepath.Abs(given)
		}
		if path := in(given); path != "" {
			return filepath.Abs(path)
		}
		if path := inPython(given); path != "" {
			return filepath.Abs(path)
		}
		return "", &LoadError{Problem: fmt.Sprintf("--onnxruntime: the folder %s holds no %s*", given, libraryName)}
	}
	if program, err := os.Executable(); err == nil {
		if path := in(filepath.Dir(program)); path != "" {
			return path, nil
		}
	}
	folders := filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))
	folders = append(folders, "/usr/local/lib", "/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/opt/onnxruntime/lib")
	for _, folder := range folders {
		if path := in(folder); folder != "" && path != "" {
			return path, nil
		}
	}
	if environment := os.Getenv("VIRTUAL_ENV"); environment != "" {
		if path := inPython(environment); path != "" {
			return path, nil
		}
	}
	for _, folder := range pythonPackages() {
		if path := in(filepath.Join(folder, "onnxruntime", "capi")); path != "" {
			return path, nil
		}
	}
	return "", &LoadError{Problem: "its library " + libraryName + " is not on this machine; install it with pip install onnxruntime, or name it with --onnxruntime PATH"}
}

// in finds the library in a folder, the last by its name where there are several.
func in(folder string) string {
	found, err := filepath.Glob(filepath.Join(folder, libraryName+"*"))
	if err != nil || len(found) == 0 {
		return ""
	}
	slices.Sort(found)
	return found[len(found)-1]
}

// inPython finds the library in a Python environment.
func inPython(environment string) string {
	for _, lib := range []string{"lib", "lib64"} {
		found, _ := filepath.Glob(filepath.Join(environment, lib, "python3*", "site-packages", "onnxruntime", "capi", libraryName+"*"))
		if len(found) > 0 {
			slices.Sort(found)
			return found[len(found)-1]
		}
	}
	return ""
}

// pythonPackages are the folders of packages of python3, which is asked without
// importing any of them.
func pythonPackages() []string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	told, err := exec.CommandContext(ctx, "python3", "-I", "-c", "import sys; print('\\n'.join(sys.path))").Output()
	if err != nil {
		return nil
	}
	return strings.Fields(string(told))
}
