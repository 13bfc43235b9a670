package manifest

import (
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// defaultBackoff is how long a further try waits where the manifest does not say.
const defaultBackoff = 30 * time.Second

// retry reads what a task says of further tries, laid over the defaults.
func (l *loader) retry(own, base *node) batch.Retry {
	if own != nil && l.badBelow(own) || base != nil && l.badBelow(base) {
		return batch.Retry{}
	}
	n := merge(base, own)
	if n == nil {
		return batch.Retry{}
	}
	r := batch.Retry{Max: l.count(n.get("max")), On: []string{string(batch.Failed)}, Backoff: defaultBackoff}
	if on := n.get("on"); on != nil {
		r.On = nil
		for _, word := range on.items {
			r.On = append(r.On, word.text)
		}
	}
	if b := n.get("backoff"); b != nil {
		r.Backoff = l.duration(b)
	}
	if own != nil && n.get("max") == nil {
		l.odd(own, "does nothing without max", "say how often a task is tried again, such as max: 1")
	}
	return r
}

// untried warns of a default for further tries that no task makes.
func (l *loader) untried(d defaults) {
	n := l.goodMap(d.node.get("retry"))
	if n == nil || n.get("max") != nil {
		return
	}
	for _, e := range l.m.entries {
		if e.retry.Max > 0 {
			return
		}
	}
	l.odd(n, "does nothing without max", "say how often a task is tried again, such as max: 1")
}
