package cli

import (
	"errors"
	"fmt"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
)

// cli.md "Exit codes": when several hold, the first of 70, 130, 6, 2, 5, 1, 3.
func TestEveryPairOfExitCodes(t *testing.T) {
	order := []int{70, 130, 6, 2, 5, 1, 3, 0}
	for i, first := range order {
		for _, second := range order[i:] {
			if got := worst(first, second); got != first {
				t.Errorf("worst(%d, %d): got %d, want %d", first, second, got, first)
			}
			if got := worst(second, first); got != first {
				t.Errorf("worst(%d, %d): got %d, want %d", second, first, got, first)
			}
		}
	}
}

func TestErrorsLeadToTheirExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{batch.ErrInterrupted, 130},
		{fmt.Errorf("later: %w", batch.ErrInterrupted), 130},
		{&batch.RefusedError{Status: 401}, 5},
		{&batch.UnreachableError{Err: errors.New("x")}, 5},
		{&batch.ChangedError{}, 2},
		{usage(errors.New("x"), ""), 2},
		{&failure{code: exitHeld, err: errors.New("x")}, 6},
		{errors.New("a broken ledger"), 70},
	} {
		if got := codeOf(c.err); got != c.want {
			t.Errorf("%v: got %d, want %d", c.err, got, c.want)
		}
	}
}

func TestOutcomesLeadToTheirExitCodes(t *testing.T) {
	for _, c := range []struct {
		counts map[batch.Outcome]int
		want   int
	}{
		{map[batch.Outcome]int{batch.Passed: 3}, 0},
		{map[batch.Outcome]int{}, 0},
		{map[batch.Outcome]int{batch.Passed: 3, batch.Invalid: 1}, 3},
		{map[batch.Outcome]int{batch.Failed: 1}, 1},
		{map[batch.Outcome]int{batch.Unknown: 1}, 1},
		{map[batch.Outcome]int{batch.Invalid: 1, batch.Failed: 1}, 1},
	} {
		if got := codeOfCounts(c.counts); got != c.want {
			t.Errorf("%v: got %d, want %d", c.counts, got, c.want)
		}
	}
}

func TestTheCommandThatContinues(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"apply", "tasks.yaml", "-j", "20"}, "bbbatch apply tasks.yaml -j 20"},
		{[]string{"apply", "--new", "my tasks.yaml", "--new=true"}, "bbbatch apply 'my tasks.yaml'"},
		{[]string{"apply", "it's.yaml", ""}, `bbbatch apply 'it'\''s.yaml' ''`},
	} {
		if got := again(c.args); got != c.want {
			t.Errorf("again(%q): got %s, want %s", c.args, got, c.want)
		}
	}
}
