package manifest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// isExpression judges the form of an expression that stands alone, and reports
// whether it is one.
func (l *loader) isExpression(n *node) bool {
	text, ok := l.expressionText(n)
	if ok && strings.HasPrefix(strings.TrimSpace(text), "${{") {
		l.at(n, strings.Index(text, "${{"), "is an expression as a whole; ${{ }} is for expressions within text", "leave ${{ and }} out")
		return false
	}
	return ok
}

// A skipper decides for each row whether its task is run.
type skipper struct {
	text *template // the expression alone
	says string    // what a task says that is not run
}

// onlyIf compiles the condition under which an entry's tasks are run; nil for
// none, and after problems.
func (l *loader) onlyIf(n *node, s scope) *skipper {
	if n = l.good(n); n == nil {
		return nil
	}
	prog := l.condition(n, s)
	if prog == nil {
		return nil
	}
	source := strings.Join(strings.Fields(n.text), " ")
	return &skipper{
		text: &template{node: n, parts: []part{{text: n.text, prog: prog}}},
		says: fmt.Sprintf("if is false: %s", source),
	}
}

// skip returns why the task of a row is not run; "" for one that is.
func (s *skipper) skip(v *expr.Values) (string, error) {
	if s == nil {
		return "", nil
	}
	out, err := s.text.value(v)
	if err != nil {
		return "", err
	}
	holds, ok := out.(bool)
	switch {
	case !ok:
		return "", &evalError{node: s.text.node, err: errors.New("must be true or false, not " + anyKind(out))}
	case holds:
		return "", nil
	}
	return s.says, nil
}
