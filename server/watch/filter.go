package watch

import (
	"encoding/json"
	"time"

	"penstock/access"
	"penstock/monitor"
	"penstock/protocol"
)

// filter is what one watcher wants of the metrics. The zero value wants all.
type filter struct {
	fields   map[string]bool // nil: every field
	models   map[string]bool // nil: every model
	interval time.Duration
}

// newFilter keeps of the names only those of models that are served: a client
// may send a million others.
func newFilter(m protocol.WatchMessage, serves func(model string) bool) (*filter, *protocol.Error) {
	f := &filter{interval: time.Duration(m.IntervalMS) * time.Millisecond}
	if m.Metrics != nil {
		f.fields = set(m.Metrics)
		known := fieldNames()
		for name := range f.fields {
			if !known[name] {
				return nil, protocol.Errorf(protocol.BadMessage, "no metric is named %.40q; the names are those of the metrics frame", name)
			}
		}
		for _, always := range []string{"type", "seq", "timestamp"} {
			f.fields[always] = true
		}
	}
	if m.Models != nil {
		f.models = make(map[string]bool)
		for _, name := range m.Models {
			if serves(name) {
				f.models[name] = true
			}
		}
	}
	return f, nil
}

// due reports whether metrics are to be sent again. A tick may come a little
// early: a tenth of an interval is forgiven.
func (f *filter) due(last, now time.Time) bool {
	return f.interval == 0 || now.Sub(last) >= f.interval*9/10
}

// apply returns the frame to send to somebody with such grants. Most watchers want all,
// and may see it, and share one encoding.
func (f *filter) apply(u monitor.Update, grants *access.Grants) []byte {
	all := grants.AllowAll(access.Dashboard)
	if f.fields == nil && f.models == nil && all {
		return u.Encoded
	}
	frame := *u.Metrics
	if f.models != nil || !all {
		frame.Models = make(map[string]protocol.ModelMetrics)
		for name, m := range u.Metrics.Models {
			if (f.models == nil || f.models[name]) && sees(grants, name) {
				frame.Models[name] = m
			}
		}
	}
	if !all {
		frame.Firing = firingSeen(frame.Firing, grants)
		frame.LargestLabeller = nil // of all models together
	}
	encoded := protocol.Encode(frame)
	if f.fields == nil {
		return encoded
	}
	fields := make(map[string]json.RawMessage)
	_ = json.Unmarshal(encoded, &fields) // our own encoding
	for name := range fields {
		if !f.fields[name] {
			delete(fields, name)
		}
	}
	return protocol.Encode(fields)
}

// fieldNames returns the names of a metrics frame's fields.
func fieldNames() map[string]bool {
	all := make(map[string]json.RawMessage)
	_ = json.Unmarshal(protocol.Encode(protocol.Metrics{}), &all)
	names := make(map[string]bool, len(all))
	for name := range all {
		names[name] = true
	}
	return names
}

func set(names []string) map[string]bool {
	s := make(map[string]bool, len(names))
	for _, name := range names {
		s[name] = true
	}
	return s
}
