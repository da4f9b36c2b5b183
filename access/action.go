package access

import (
	"slices"
	"strings"
)

// Action is something that a caller may have the right to.
type Action uint8

// The actions. Their names are the scopes of tokens.
const (
	Predict   Action = iota // ask a model
	Feedback                // send labels
	Dashboard               // see metrics, alerts and what is served
	Notes                   // leave notes for other dashboards, and accept a model's baseline
	Admin                   // notify users, and revoke
	actions
)

var actionNames = [actions]string{"predict", "feedback", "dashboard", "notes", "admin"}

func (a Action) String() string { return actionNames[a] }

// Actions are all of them.
func Actions() []Action { return []Action{Predict, Feedback, Dashboard, Notes, Admin} }

// rights is a set of actions.
type rights uint8

func (r rights) has(a Action) bool { return r>>a&1 != 0 }

// Grants are what somebody may do: actions with every model, and actions with models
// of some names. They never change. Nil grants everything.
type Grants struct {
	all    rights
	some   rights // with one model at least
	models map[string]rights
	words  []string
}

// NoGrants grant nothing.
var NoGrants = &Grants{}

// Grant reads scopes, each ACTION or ACTION:MODEL. What is neither is somebody else's:
// tokens of identity providers have such as openid among theirs.
func Grant(scopes ...string) *Grants {
	g := &Grants{}
	for _, scope := range scopes {
		a, model, ok := parseScope(scope)
		if !ok || slices.Contains(g.words, scope) {
			continue
		}
		g.words = append(g.words, scope)
		g.some |= 1 << a
		if model == "" {
			g.all |= 1 << a
			continue
		}
		if g.models == nil {
			g.models = make(map[string]rights)
		}
		g.models[model] |= 1 << a
	}
	return g
}

// parseScope reads ACTION or ACTION:MODEL.
func parseScope(scope string) (a Action, model string, ok bool) {
	name, model, ofModel := strings.Cut(scope, ":")
	i := slices.Index(actionNames[:], name)
	return Action(max(i, 0)), model, i >= 0 && (model != "") == ofModel
}

// ValidScope reports whether a text is a scope.
func ValidScope(scope string) bool {
	_, _, ok := parseScope(scope)
	return ok
}

// Allow reports whether an action is granted with the model of a name; with the empty
// name, whether it is with any at all.
func (g *Grants) Allow(a Action, model string) bool {
	switch {
	case g == nil || g.all.has(a):
		return true
	case model == "":
		return g.some.has(a)
	}
	return g.models[model].has(a)
}

// AllowAll reports whether an action is granted with every model.
func (g *Grants) AllowAll(a Action) bool { return g == nil || g.all.has(a) }

// Knows reports whether anything is granted with the model of a name.
func (g *Grants) Knows(model string) bool {
	return g == nil || g.all != 0 && g.all != 1<<Admin || g.models[model] != 0
}

// KnowsAll reports whether Knows is true of every model.
func (g *Grants) KnowsAll() bool { return g == nil || g.all != 0 && g.all != 1<<Admin }

// Scopes are the words that were granted, those of every action for nil.
func (g *Grants) Scopes() []string {
	if g == nil {
		return slices.Clone(actionNames[:])
	}
	return slices.Clone(g.words)
}
