package manifest

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// serviceKey is the variable of the service's key, which no expression reads.
const serviceKey = "BROWSERBASE_API_KEY"

// environment reads the variables that the manifest names. Those that are not
// set are absent.
func (l *loader) environment(n *node, lookup func(name string) (string, bool)) {
	values := map[string]any{}
	for _, item := range l.items(n) {
		name := item.text
		switch {
		case slices.Contains(l.m.Secrets, name):
			l.ps.add(item.problem(quote(name)+" is a secret: what env reads stands in the ledger and in reports",
				fmt.Sprintf("use it in a variable, as ${{ secrets.%s }}, and remove it here", name)))
			continue
		case name == serviceKey:
			l.ps.add(item.problem(quote(name)+" is the service's key: what env reads stands in the ledger and in reports", ""))
			continue
		}
		l.env = append(l.env, name)
		if lookup == nil {
			continue
		}
		value, set := lookup(name)
		switch {
		case !set:
		case !utf8.ValidString(value):
			l.ps.wrong(item, "the environment variable %s is not valid UTF-8", name)
			values[name] = name // so that nothing more is said of it
		default:
			values[name] = value
		}
	}
	if len(l.env) > 0 {
		l.m.shared["env"] = values
	}
}
