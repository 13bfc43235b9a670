package manifest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A large matrix takes no longer than its size, and too many maps of include or
// exclude are told instead of being compared with every combination.
func TestLargeMatrix(t *testing.T) {
	if testing.Short() {
		t.Skip("it is large, and nothing in it is concurrent")
	}
	values := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%d, ", i)
		}
		return "[" + strings.TrimSuffix(b.String(), ", ") + "]"
	}
	maps := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("{a: 1, b: 1}, ", n), ", ") + "]" }
	for _, c := range []struct {
		matrix string
		tasks  int
		wrong  string
	}{
		{"{a: " + values(60_000) + "}", 60_000, ""},
		{"{a: " + values(300) + ", b: " + values(300) + ", exclude: " + maps(50) + "}", 300*300 - 1, ""},
		{"{a: " + values(300) + ", b: " + values(300) + ", exclude: " + maps(60) + "}", 0, "exclude: has 60 maps for 90,000 combinations"},
		{"{a: " + values(300) + ", b: " + values(300) + ", include: " + maps(60) + "}", 0, "include: has 60 maps for 90,000 combinations"},
	} {
		began := time.Now()
		write(t, map[string]string{"tasks.yaml": "version: 1\ntasks: [{id: '${{ string(matrix) }}', task: x, matrix: " + c.matrix + "}]\n"})
		m, err := Load("tasks.yaml", Options{})
		switch {
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("got %v, want %q", err, c.wrong)
		case c.wrong == "" && err != nil:
			t.Errorf("got %v", err)
		case c.wrong == "" && m.Total != c.tasks:
			t.Errorf("got %d tasks, want %d", m.Total, c.tasks)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %v", took)
		}
	}
}
