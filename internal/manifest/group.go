package manifest

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// grouping compiles a group; nil after problems.
func (l *loader) grouping(n *node, s scope) *template {
	if strings.TrimSpace(n.text) == "" {
		l.ps.wrong(n, "must not be empty")
		return nil
	}
	t := l.compile(n, s)
	l.lookalikes(t, s)
	return t
}

// group returns the group of one row's task. One that comes out empty is none.
func (x *expander) group(e *entry, v *expr.Values) (string, error) {
	if e.group == nil {
		return "", nil
	}
	name, err := e.group.string(v)
	if err != nil {
		return "", err
	}
	name = strings.TrimSpace(name)
	if err := fitsWord(name); err != nil {
		return "", &evalError{node: e.group.node, err: err}
	}
	return name, nil
}

// fitsWord judges what a tag or a group came out as.
func fitsWord(word string) error {
	switch {
	case utf8.RuneCountInString(word) > maxTag:
		return fmt.Errorf("is longer than %d characters: %s", maxTag, quote(word))
	case strings.ContainsFunc(word, isControl):
		return errors.New("must not contain control characters: " + quote(word))
	}
	return nil
}
