package cli

import (
	"slices"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
)

// What has passed since a person looked, or has become unknown, is not bought
// again: only what was so when they agreed. Neither is what was not chosen, what
// is in flight, and what left the manifest.
func TestWhatARetryMakesPending(t *testing.T) {
	r := &retrying{counts: map[batch.Outcome]int{batch.Failed: 3, batch.Passed: 1, batch.Unknown: 1}}
	for position, o := range map[int]batch.Outcome{
		0: batch.Failed, 1: batch.Failed, 63: batch.Failed, 64: batch.Invalid, 200: batch.Unknown, 300: batch.Passed,
	} {
		r.take(position, o)
	}
	for _, c := range []struct {
		row  batch.Row
		want bool
	}{
		{batch.Row{Position: 0, State: batch.StateDone, Outcome: batch.Failed}, true},
		{batch.Row{Position: 64, State: batch.StateDone, Outcome: batch.Invalid}, true},
		{batch.Row{Position: 200, State: batch.StateDone, Outcome: batch.Unknown}, true},
		{batch.Row{Position: 2, State: batch.StateDone, Outcome: batch.Failed}, false},
		{batch.Row{Position: 201, State: batch.StateDone, Outcome: batch.Failed}, false},
		{batch.Row{Position: 1000, State: batch.StateDone, Outcome: batch.Failed}, false},
		{batch.Row{Position: 1, State: batch.StateDone, Outcome: batch.Passed}, false},
		{batch.Row{Position: 1, State: batch.StateDone, Outcome: batch.Unknown}, false},
		{batch.Row{Position: 300, State: batch.StateDone, Outcome: batch.Passed}, true},
		{batch.Row{Position: 300, State: batch.StateDone, Outcome: batch.Failed}, true},
		{batch.Row{Position: 300, State: batch.StateDone, Outcome: batch.Unknown}, false},
		{batch.Row{Position: 200, State: batch.StateDone, Outcome: batch.Failed}, true},
		{batch.Row{Position: 200, State: batch.StateDone, Outcome: batch.Passed}, false},
		{batch.Row{Position: 301, State: batch.StateDone, Outcome: batch.Passed}, false},
		{batch.Row{Position: 63, State: batch.StateDone, Outcome: batch.Failed, Left: true}, false},
		{batch.Row{Position: 63, State: batch.StatePending}, false},
		{batch.Row{Position: 63, State: batch.StateRunning}, false},
		{batch.Row{Position: 63, State: batch.StateUnsure}, false},
	} {
		if got := len(r.again(c.row)) > 0; got != c.want {
			t.Errorf("%+v: got %v, want %v", c.row, got, c.want)
		}
	}
}

// What words write, parseSelection reads: a batch of a part is retried as that
// part.
func TestASelectionIsReadBack(t *testing.T) {
	for _, want := range []selection{
		{}, {ids: []string{"sku-*"}}, {tags: []string{"a b", "it's", "x,y"}, limit: 3}, {ids: []string{"'", `\`, "$(x)", "--tag"}, tags: []string{"-"}},
	} {
		got, err := parseSelection(want.words())
		if err != nil || !slices.Equal(got.ids, want.ids) || !slices.Equal(got.tags, want.tags) || got.limit != want.limit {
			t.Errorf("%s: got %+v, %v, want %+v", want.words(), got, err, want)
		}
	}
	for _, broken := range []string{"--select 'a", `--select a\`, "--other x"} {
		if _, err := parseSelection(broken); err == nil {
			t.Errorf("%s: got no error", broken)
		}
	}
}
