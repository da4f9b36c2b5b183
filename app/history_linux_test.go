package app

import (
	"net/http"
	"testing"

	"golang.org/x/sys/unix"
)

// A disk that fails costs no more than the history: the server starts, and says so.
// It needs the right to mount a file system.
func TestStartsWithoutADisk(t *testing.T) {
	data := t.TempDir()
	if err := unix.Mount("tmpfs", data, "tmpfs", unix.MS_RDONLY, ""); err != nil {
		t.Skipf("no file system of its own: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(data, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	a, end := begin(t, data)
	defer end()
	c := tell(t, a)
	c.predict(1)
	if status := c.label(1, "1"); status != http.StatusOK {
		t.Errorf("a label without a disk: %d", status)
	}
	if st := a.history.Status(); st.Where != "memory" || !st.Degraded || st.Reason == "" {
		t.Errorf("%+v; want a history in memory that says why", st)
	}
}
