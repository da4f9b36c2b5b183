package accept

import "testing"

func TestPlanFor(t *testing.T) {
	for _, c := range []struct{ asked, files, webSockets, places int }{
		{10_000, 1 << 20, 10_000, 10_064},
		{10_000, 10_144, 10_000, 10_064},
		{10_000, 10_143, 9_999, 10_063},
		{10_000, 1024, 880, 944},
		{10_000, 200, 90, 120},
		{100, 200, 90, 120},
		{80, 200, 80, 120},
		{10, 200, 10, 74},
		{10_000, 20, 6, 8},
		{1, 20, 1, 8},
	} {
		p := planFor(c.asked, c.files)
		if p.WebSockets != c.webSockets || p.Places != c.places || p.Needed != c.asked+144 {
			t.Errorf("%d WebSockets with %d files: %+v; want %d of %d places", c.asked, c.files, p, c.webSockets, c.places)
		}
	}
}
