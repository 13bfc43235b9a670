package schema

import "testing"

func TestNearest(t *testing.T) {
	for _, c := range []struct {
		name       string
		candidates []string
		want       string
	}{
		{"taks", []string{"tags", "task", "tasks"}, "task"},
		{"TAKS", []string{"tags", "Task"}, "Task"},
		{"tas", []string{"task", "tags"}, "tags"},
		{"prodcut", []string{"product", "producer"}, "product"},
		{"xyz", []string{"task"}, ""},
		{"task", []string{"task", ""}, ""},
	} {
		if got := Nearest(c.name, c.candidates); got != c.want {
			t.Errorf("%s of %q: got %q, want %q", c.name, c.candidates, got, c.want)
		}
	}
}
