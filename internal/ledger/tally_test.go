package ledger

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// A repetition is counted once, when nothing can change its verdict any more.
func TestARepetitionIsTalliedOnce(t *testing.T) {
	const times, pass = 3, 2
	tasks := ledgertest.Tasks(3*times + 2)
	for i := range tasks {
		tasks[i].Group = "site"
		if i < 3*times {
			tasks[i].Repeat = &batch.Repetition{Group: fmt.Sprint("r", i/times), Number: i%times + 1, Times: times, Pass: pass}
		}
	}
	tasks[len(tasks)-1].Group = ""
	b := begin(t, openStore(t, t.TempDir()), "main", tasks...)
	failed, skipped := batch.Verdict{Outcome: batch.Failed, Reason: batch.Panicked}, batch.Verdict{Outcome: batch.Skipped}
	judge := func(position int, v batch.Verdict) {
		t.Helper()
		kind := batch.TaskJudged
		if v.Outcome == batch.Skipped {
			kind = batch.TaskSkipped
		}
		mustAppend(t, b, batch.Event{Kind: kind, Position: position, Verdict: &v})
	}
	want := func(want ...batch.Tally) {
		t.Helper()
		got, err := b.Tallies()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("tallies (-want +got):\n%s", diff)
		}
	}
	want()
	judge(0, failed)
	judge(3, failed)
	want() // two of three may still pass
	judge(1, failed)
	judge(2, skipped)
	want(batch.Tally{Group: "site", Outcome: batch.Failed, Tasks: 1})
	passes(t, b, 4)
	passes(t, b, 5)
	passes(t, b, 6)
	judge(9, failed)
	judge(10, failed)
	want(batch.Tally{Group: "", Outcome: batch.Failed, Tasks: 1},
		batch.Tally{Group: "site", Outcome: batch.Failed, Tasks: 2}, batch.Tally{Group: "site", Outcome: batch.Passed, Tasks: 1})
	members, err := b.Members("r1")
	if err != nil || len(members) != times || members[1].Outcome != batch.Passed || members[1].Position != 4 {
		t.Errorf("members: got %+v, %v", members, err)
	}
}

// The members of a repetition are found without reading the others: they are
// asked for at each verdict.
func TestMembersAreFoundByIndex(t *testing.T) {
	b := begin(t, openStore(t, t.TempDir()), "main", ledgertest.Tasks(1)...)
	for name, query := range map[string]string{
		"in order": membersQuery(false),
		"edited":   membersQuery(true),
	} {
		var plan strings.Builder
		err := b.store.read(func(c *connection) error {
			return c.all(`EXPLAIN QUERY PLAN `+query, []any{b.key, b.key, "r"}, func(rows *sql.Rows) (bool, error) {
				var a, b, c int
				var step string
				err := rows.Scan(&a, &b, &c, &step)
				plan.WriteString(step + "\n")
				return true, err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan.String(), "tasks_repeats") || !strings.Contains(plan.String(), "p USING PRIMARY KEY (batch=? AND position=?)") || strings.Contains(plan.String(), "place>") || strings.Contains(plan.String(), "o USING PRIMARY KEY") {
			t.Errorf("%s: got the plan\n%swant one by the members' positions", name, plan.String())
		}
	}
}

// passes makes a task pass, by every event that leads there.
func passes(t *testing.T, b *Batch, position int) {
	t.Helper()
	at := ledgertest.Start()
	run := func(s batch.Status) *batch.Observed {
		return &batch.Observed{ID: fmt.Sprint("run-", position), Status: s}
	}
	mustAppend(t, b,
		batch.Event{Kind: batch.AttemptIntended, Position: position, Attempt: 1, At: at},
		batch.Event{Kind: batch.AttemptStarted, Position: position, Attempt: 1, At: at, Run: run(batch.StatusPending)},
		batch.Event{Kind: batch.AttemptEnded, Position: position, Attempt: 1, At: at.Add(time.Minute), Run: run(batch.StatusCompleted)},
		batch.Event{Kind: batch.TaskJudged, Position: position, Attempt: 1, At: at, Verdict: &batch.Verdict{Outcome: batch.Passed}})
}
