package torch

import "strings"

// checkVersion refuses a libtorch that gotch v0.7.0 was not seen to work with.
func checkVersion(version string) error {
	for _, works := range []string{"1.11", "1.12", "1.13"} {
		if rest, ok := strings.CutPrefix(version, works); ok && (rest == "" || rest[0] == '.' || rest[0] == '+') {
			return nil
		}
	}
	return &VersionError{Got: version}
}

// versionIn finds the version in what libtorch says of its build.
func versionIn(config string) string {
	_, rest, found := strings.Cut(config, "TORCH_VERSION=")
	if !found {
		return "of unknown version"
	}
	version, _, _ := strings.Cut(rest, ",")
	return strings.TrimSpace(version)
}
