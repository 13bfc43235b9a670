package ledger

import (
	"fmt"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
	"github.com/bbbatch/bbbatch/schema"
)

// Wrong tasks are counted as one failure for each expectation, whatever values
// made it false, and as two where their expectations differ in a number alone.
func TestWrongTasksAreGroupedByExpectation(t *testing.T) {
	b := begin(t, openStore(t, t.TempDir()), "main", ledgertest.Tasks(5)...)
	for i, that := range []string{"result.a > 1", "result.a > 1", "result.a > 2", "result.a > 1"} {
		message := fmt.Sprintf("is false: %s, with result.a = %q", that, string(rune('a'+i)))
		judgeRun(t, b, i, 1, batch.Verdict{Outcome: batch.Wrong, Message: message, Problems: []schema.Problem{{Kind: "expect", Expression: that, Message: message}}})
	}
	sum, err := b.Summary()
	if err != nil || len(sum.Failures) != 2 || sum.Kinds != 2 {
		t.Fatalf("got %+v, %v, want two kinds", sum.Failures, err)
	}
	if f := sum.Failures[0]; f.Outcome != batch.Wrong || f.Count != 3 || f.Example != "task-0" {
		t.Errorf("got %+v, want the three of one expectation", f)
	}
	if sum.Counts[batch.Wrong] != 4 || sum.Enough() {
		t.Errorf("got %v, enough %v", sum.Counts, sum.Enough())
	}
}
