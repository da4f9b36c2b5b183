package watch

import (
	"encoding/json"
	"strings"
	"time"

	"penstock/access"
	"penstock/monitor"
	"penstock/protocol"
)

// sees reports whether somebody may see what is about a model: a name, or NAME@VERSION;
// empty is what is about all.
func sees(grants *access.Grants, model string) bool {
	name, _, _ := strings.Cut(model, "@")
	return name == "" || grants.Allow(access.Dashboard, name)
}

// sight is what somebody may see of an update, as a whole filter shows it; nil is
// nothing of it.
func sight(u monitor.Update, grants *access.Grants) []byte {
	if u.Metrics == nil {
		if u.Alert != nil && !sees(grants, u.Alert.Model) {
			return nil
		}
		return u.Encoded
	}
	return new(filter).apply(u, grants)
}

// firingSeen are those of the alerts in a frame that somebody may see. The id of one
// that is about a model ends with its name.
func firingSeen(all []protocol.FiringAlert, grants *access.Grants) []protocol.FiringAlert {
	seen := []protocol.FiringAlert{}
	for _, alert := range all {
		if _, model, _ := strings.Cut(alert.ID, ":"); sees(grants, model) {
			seen = append(seen, alert)
		}
	}
	return seen
}

// history is the history frame as somebody may see it. Nearly everybody may see all,
// and shares one encoding.
func history(state *monitor.State, grants *access.Grants) json.RawMessage {
	if grants.AllowAll(access.Dashboard) {
		return state.History()
	}
	return state.HistoryAs(func(u monitor.Update) []byte { return sight(u, grants) })
}

// firing are the alerts that hold, of those that somebody may see.
func firing(state *monitor.State, grants *access.Grants) (seen []protocol.Alert) {
	for _, alert := range state.Firing() {
		if sees(grants, alert.Model) {
			seen = append(seen, alert)
		}
	}
	return seen
}

// mayNotNote returns why a guest may not say something to all dashboards: they are of
// all models.
func (d *Dashboards) mayNotNote(guest *access.Session) *protocol.Error {
	if err := d.mayNot(guest, access.Notes, ""); err != nil {
		return err
	}
	if !guest.Grants().AllowAll(access.Notes) {
		return d.opt.Refuse(access.ErrForbidden)
	}
	return nil
}

// mayNot returns why a guest may not do something now, in the protocol's words; nil
// where it may.
func (d *Dashboards) mayNot(guest *access.Session, action access.Action, model string) *protocol.Error {
	if err := guest.May(action, model, time.Time{}); err != nil {
		return d.opt.Refuse(err)
	}
	return nil
}
