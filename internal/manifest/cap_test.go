package manifest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// However much is wrong, the first of it is said, and the rest counted, in
// time that a person waits.
func TestManyProblems(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes with the race detector")
	}
	const huge, many = 50_000, 20_000
	tasks := func(n int, each func(i int) string) string {
		var b strings.Builder
		b.WriteString("version: 1\nresultSchemas: {known: {type: object}}\ntasks:\n")
		for i := range n {
			b.WriteString("  - " + each(i) + "\n")
		}
		return b.String()
	}
	var names, again strings.Builder
	for i := range many {
		fmt.Fprintf(&names, "%%name%d%% ", i)
		again.WriteString("%none% %{%}%other%\n      ")
	}
	for _, c := range []struct {
		name, text string
		problems   int
		last       string
	}{
		{"unknown keys", tasks(huge, func(i int) string { return "{task: x, taks: y}" }), 1001, "-: and 49,000 more problems"},
		{"durations", tasks(many, func(i int) string { return "{task: x, timeout: soon}" }), 1001, "-: and 19,000 more problems"},
		{"ids", tasks(many, func(i int) string { return "{id: a, task: x}" }), 1001, "-: and 18,999 more problems"},
		{"ids of rows", tasks(many, func(i int) string { return "{id: 'x${{ row.a }}', task: x, forEach: [{a: 1}]}" }), 21, "-: and 19,979 more problems in data rows"},
		{"names", tasks(many, func(i int) string { return "{task: '%none%'}" }), 1001, "-: and 19,000 more problems"},
		{"schemas", tasks(many, func(i int) string { return "{task: x, resultSchema: konwn}" }), 1001, "-: and 19,000 more problems"},
		{"files", tasks(many, func(i int) string { return "{id: '${{ row.a }}', task: x, forEach: none.csv}" }), 1001, "-: and 19,000 more problems"},
		{"no maps", tasks(many, func(i int) string { return "x" }), 1001, "-: and 19,000 more problems"},
		{"all names of a text", "version: 1\ntasks: [{task: '" + names.String() + "'}]\n", 21, "-: and 19,980 more problems"},
		{"all names of a block", "version: 1\ntasks:\n  - task: |\n      " + strings.ReplaceAll(names.String(), " ", "\n      ") + "\n", 21, "-: and 19,980 more problems"},
		{"a name again", "version: 1\ntasks:\n  - task: |\n      " + again.String() + "\n", 2, `-:4:18: tasks[0].task: no variable is named "other"`},
		{"cut to one", strings.Join(strings.Split(tasks(many, func(i int) string { return "x" }), "\n")[:1004], "\n"), 1001, "-: and 1 more problem"},
	} {
		start := time.Now()
		_, err := Load("-", Options{Stdin: strings.NewReader(c.text), Dir: t.TempDir()})
		took := time.Since(start)
		var wrong Problems
		if !errors.As(err, &wrong) {
			t.Errorf("%s: got %v, want problems", c.name, err)
			continue
		}
		if got := wrong[len(wrong)-1].Error(); len(wrong) != c.problems || got != c.last {
			t.Errorf("%s: got %d problems, the last %q, want %d and %q", c.name, len(wrong), got, c.problems, c.last)
		}
		t.Logf("%s: %v", c.name, took)
		if took > time.Minute { // what is quadratic takes many
			t.Errorf("%s took %v", c.name, took)
		}
	}
}
