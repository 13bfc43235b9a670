package ledger

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

func wantLeaked(t *testing.T, b *Batch, position, attempt int, want ...string) {
	t.Helper()
	r, err := b.Result(position, attempt)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, r.Leaked); diff != "" {
		t.Errorf("task %d, attempt %d (-want +got):\n%s", position, attempt, diff)
	}
}

// What was found in a result outlives the verdict that said so, and goes with the
// result to another batch.
func TestWhatAResultLeaksIsKept(t *testing.T) {
	s := openStore(t, t.TempDir())
	tasks := ledgertest.Tasks(2)
	b := begin(t, s, "a", tasks...)
	judgeRun(t, b, 0, 1, batch.Verdict{Outcome: batch.Passed, Leaked: []string{"TOKEN", "row.pw"}})
	judgeRun(t, b, 1, 1, batch.Verdict{Outcome: batch.Passed})
	for i := range tasks {
		tasks[i].Checks = &batch.Checks{Expect: []batch.Expectation{{That: "result.n > 0"}}}
	}
	edit(t, b, batch.CompareOptions{}, tasks...)
	if _, err := b.Stored(0); err == nil || row(t, b, 0).State != batch.StateEnded {
		t.Fatalf("got %s, %v, want it to be judged anew, and its verdict gone", row(t, b, 0).State, err)
	}
	wantLeaked(t, b, 0, 1, "TOKEN", "row.pw")
	wantLeaked(t, b, 1, 1)

	other := begin(t, s, "b", ledgertest.Tasks(1)...)
	mustAppend(t, other, batch.Event{Kind: batch.TaskReused, Position: 0, Verdict: &batch.Verdict{Outcome: batch.Passed},
		Reuse: &batch.Reuse{Batch: b.ID(), RunID: "run-0-1", EndedAt: time.Now(), Position: 0, Attempt: 1}})
	wantLeaked(t, other, 0, 0, "TOKEN", "row.pw")
}

// A ledger of an older version has it in its verdicts.
func TestWhatAnOlderLedgerSaysOfLeaks(t *testing.T) {
	dir := t.TempDir()
	old, err := os.ReadFile("testdata/v4.db")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, fileName)
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	var position int
	if err := db.QueryRow(`SELECT v.position FROM verdicts v JOIN progress p USING (batch, position)
		JOIN results r ON r.batch = v.batch AND r.position = v.position AND r.attempt = p.attempt ORDER BY v.batch DESC LIMIT 1`).Scan(&position); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE verdicts SET leaked = 1, data = json_set(data, '$.leaked', json_array('TOKEN')) WHERE position = ?`, position); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, ok, err := openStore(t, dir).Latest("")
	if err != nil || !ok {
		t.Fatalf("got %v, %v, want a batch", ok, err)
	}
	wantLeaked(t, b, position, row(t, b, position).Attempt, "TOKEN")
}
