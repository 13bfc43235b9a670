package manifest

import (
	"slices"
	"strings"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// maxTag bounds a tag, and a group, in characters, as maxID does an id.
const maxTag = 256

// tags compiles the tags of the defaults and the entry's own; null in the
// entry stands for none at all.
func (l *loader) tags(e *entry, d defaults, s scope) {
	own := e.node.get("tags")
	if own != nil && own.kind == null {
		return
	}
	for _, n := range append(l.items(d.node.get("tags")), l.items(own)...) {
		if strings.TrimSpace(n.text) == "" {
			l.ps.wrong(n, "must not be empty")
			continue
		}
		if t := l.compile(n, s); t != nil {
			e.tags = append(e.tags, t)
		}
	}
}

// tags returns the tags of one row's task, each once. One that comes out empty
// is none: a row whose cell is empty has no such tag.
func (x *expander) tags(e *entry, v *expr.Values) ([]string, error) {
	var out []string
	for _, t := range e.tags {
		tag, err := t.string(v)
		if err != nil {
			return nil, err
		}
		tag = strings.TrimSpace(tag)
		if err := fitsWord(tag); err != nil {
			return nil, &evalError{node: t.node, err: err}
		}
		if tag != "" && !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	return out, nil
}
