//go:build !torch

package weights

// addTorchScript adds nothing: this build has no libtorch. Bundles that name
// the engine still open, and Check still compares their hashes.
func addTorchScript(map[string]builder) {}
