package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/expr"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/schema"
)

// aboutWhere is what the help of every command says that takes --where.
const aboutWhere = `--where takes an expression over id, outcome, reason, message, status, attempts,
seconds, template, group, tags, row, matrix, result, errors and run, such as
'reason == "timed_out"', 'outcome == "failed" and row.site == "books"',
'"nightly" in tags', 'result.price == nil' or 'attempts > 1'. A comparison
that needs what a task does not have is false; one that can't be evaluated, as
of a text with a number, is an error.`

// A where says which tasks are meant. A nil one means none in particular.
type where struct {
	source string
	*manifest.Where
}

// parseWhere compiles the expression of --where; nil for "".
func parseWhere(source string) (*where, error) {
	if strings.TrimSpace(source) == "" {
		return nil, nil
	}
	compiled, err := manifest.CompileWhere(source)
	if err == nil {
		return &where{source, compiled}, nil
	}
	hint := ""
	var e *expr.Error
	if errors.As(err, &e) && e.Name != "" {
		if near := schema.Nearest(e.Name, e.Known); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		} else {
			hint = "known here: " + join(e.Known)
		}
	}
	return nil, wrongFlag("where", fmt.Errorf("%s: %w", source, err), hint)
}

// fits reports whether the expression holds for a task.
func (w *where) fits(r batch.Record) (bool, error) {
	holds, err := w.Fits(r)
	if e := (*expr.Error)(nil); errors.As(err, &e) {
		return false, wrongFlag("where", fmt.Errorf("%s: task %q: %w", w.source, r.ID, err), "")
	}
	return holds, err
}
