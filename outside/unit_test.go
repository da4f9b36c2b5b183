//go:build linux

package outside_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestSystemdUnit has systemd read deploy/penstock.service, as it is and for how much
// a program that was taken over could do: 2.0 of 10 at most, which it calls OK.
func TestSystemdUnit(t *testing.T) {
	t.Parallel()
	tool := found(t, "systemd-analyze") //nolint:misspell // its name
	file, err := os.ReadFile("../deploy/penstock.service")
	must(t, err)
	const installed = "/usr/local/bin/penstock"
	if !strings.Contains(string(file), "ExecStart="+installed) {
		t.Fatalf("deploy/penstock.service does not start %s", installed)
	}
	unit := filepath.Join(t.TempDir(), "penstock.service")
	must(t, os.WriteFile(unit, []byte(strings.ReplaceAll(string(file), "ExecStart="+installed, "ExecStart="+program)), 0o600))
	for _, args := range [][]string{
		{"verify", "--man=no", unit},
		{"security", "--offline=yes", "--threshold=20", "--no-pager", unit},
	} {
		out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput()
		if err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("%s: %v\n%s", args[0], err, out)
		}
	}
}

// TestUnitsCommand starts what the unit starts, with its file, as its user would: the
// file and nothing else says how it serves, and SIGTERM ends it well.
func TestUnitsCommand(t *testing.T) {
	t.Parallel()
	found(t, "sh")
	config := filepath.Join(t.TempDir(), "penstock.yaml")
	must(t, os.WriteFile(config, []byte("trusted-proxy: [127.0.0.1]\nallow-host: ["+site+"]\n"), 0o600))
	p := serve(t, "--config="+config)
	must(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.mustEnd(patience)
}

// TestNothingButTheProgram runs the program as the image of the Dockerfile has it: with
// nothing else in its file system but /proc, as a user that nothing belongs to, as the
// first process there is, and configured by the environment.
func TestNothingButTheProgram(t *testing.T) {
	t.Parallel()
	tool := found(t, "unshare")
	root := t.TempDir()
	must(t, os.Chmod(root, 0o755)) // as the root of an image is
	must(t, os.Mkdir(filepath.Join(root, "proc"), 0o755))
	must(t, os.Link(program, filepath.Join(root, "penstock")))
	contained := func(address, command string) *process {
		environment := []string{"PENSTOCK_LISTEN=" + address, "PENSTOCK_ADMIN_LISTEN=127.0.0.1:0", "PENSTOCK_ALLOW_ANONYMOUS=true"}
		return run(t, environment, tool, "--mount", "--pid", "--fork", "--root="+root, "--mount-proc", "--setuid=65532", "--setgid=65532", "/penstock", command)
	}
	if first := contained("", "version"); !first.well() {
		t.Skipf("this machine gives nobody a file system of their own: %s", first.said.String())
	}
	for range 3 { // a free port may be taken before the program comes to it
		address := freeAddress(t)
		server := contained(address, "serve")
		eventually(t, "the health check to say that it is ready", func() bool { return server.gone() || contained(address, "health").well() })
		if server.gone() && strings.Contains(server.said.String(), "address already in use") {
			continue
		}
		_ = syscall.Kill(-server.cmd.Process.Pid, syscall.SIGTERM)
		server.mustEnd(patience)
		return
	}
	t.Error("no port stayed free")
}

// well waits for the end of a process and reports whether it was a good one.
func (p *process) well() bool {
	<-p.ended
	return p.err == nil
}
