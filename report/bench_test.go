package report

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/schema"
)

var (
	benchTasks  = flag.Int("tasks", 10_000, "tasks of the ledger that BenchmarkReport reads")
	benchLedger = flag.String("ledger", "", "folder that the ledger is kept in for the next time; none by default")
)

// BenchmarkReport is the promise that a report of a million tasks streams: a
// report of a ledger, in each format, and a table with the options that cost the
// most. ns/task are of the clock. For the peak of memory, the process that made
// the ledger must not be the one that reads it: bench/README.md says how.
func BenchmarkReport(b *testing.B) {
	found := benchBatch(b, *benchTasks)
	for _, c := range []struct {
		name   string
		format Format
		Options
	}{
		{"records", "", Options{}},
		{"csv", CSV, Options{}},
		{"jsonl", JSONL, Options{}},
		{"unwound", CSV, Options{Unwind: []string{"offers"}}},
		{"where", JSONL, Options{Where: func(r batch.Record) (bool, error) { return r.Outcome != batch.Passed, nil }}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if c.format != "" {
					err = Write(io.Discard, c.format, c.Options, found)
				} else {
					for _, e := range found.Records(0) {
						err = e
					}
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(*benchTasks), "ns/task")
		})
	}
}

// benchBatch is a closed batch of n tasks, nine of ten of which passed with a
// result of about 300 bytes.
func benchBatch(b *testing.B, n int) *ledger.Batch {
	b.Helper()
	dir := *benchLedger
	if dir == "" {
		dir = b.TempDir()
	}
	_, err := os.Stat(filepath.Join(dir, "ledger.db"))
	kept := err == nil
	store, err := ledger.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	if kept {
		found, ok, err := store.Latest("bench")
		if err != nil || !ok {
			b.Fatal("no batch in the folder of -ledger: ", err)
		}
		return found
	}
	judge, err := schema.Compile([]byte(`{"type":"object","properties":{"title":{"type":"string"},"price":{"type":"object","properties":{"amount":{"type":"number"},"currency":{"type":"string"}}},
		"offers":{"type":"array","items":{"type":"object","properties":{"shop":{"type":"string"},"price":{"type":"number"}}}},"text":{"type":"string"}}}`), schema.Options{})
	if err != nil {
		b.Fatal(err)
	}
	made, err := store.Begin(batch.Info{Name: "bench", Provider: "local", BaseURL: "http://127.0.0.1:1", OpenedAt: noon, ManifestPath: "tasks.yaml",
		Policy: batch.Policy{Price: &batch.Price{PerMinute: 2_000, RoundUp: time.Minute}}},
		func(yield func(batch.Task, error) bool) {
			for i := range n {
				row := fmt.Appendf(nil, `{"sku":"%d","site":"books"}`, i)
				if !yield(batch.Task{Position: i, ID: fmt.Sprint("sku-", i), Template: "tasks[0]", Row: row, Schema: judge, Spec: batch.Spec{Task: "find it"}}, nil) {
					return
				}
			}
		})
	if err != nil {
		b.Fatal(err)
	}
	var events []batch.Event
	for i := range n {
		if events = append(events, benchWay(i)...); len(events) >= 4000 || i == n-1 {
			if err := made.Append(events...); err != nil {
				b.Fatal(err)
			}
			events = events[:0]
		}
	}
	if err := made.Append(batch.Event{Kind: batch.BatchClosed, At: noon, Position: -1}); err != nil {
		b.Fatal(err)
	}
	return made
}

// benchWay is what happens to a task.
func benchWay(i int) []batch.Event {
	run := batch.Observed{ID: fmt.Sprintf("3b241101-e2bb-4255-8caf-%012d", i), Status: batch.StatusPending, SessionID: "session", CreatedAt: noon}
	end, v := run, batch.Verdict{Outcome: batch.Passed}
	end.Status, end.StartedAt, end.EndedAt = batch.StatusCompleted, noon.Add(time.Second), noon.Add(90*time.Second)
	if i%10 == 9 {
		end.Status, v = "FAILED", batch.Verdict{Outcome: batch.Failed, Reason: batch.RunFailed, Message: "the page did not answer"}
	} else {
		raw := fmt.Appendf(nil, `{"title":"Tea no. %d","price":{"amount":%d.50,"currency":"EUR"},"offers":[{"shop":"a","price":1.10},{"shop":"b","price":2}],"text":"%s"}`,
			i, i%100, strings.Repeat("lorem ", 30))
		end.Result = batch.Result{Raw: raw, Size: int64(len(raw))}
	}
	return []batch.Event{
		{Kind: batch.AttemptIntended, Position: i, Attempt: 1, At: noon, Digest: strings.Repeat("d", 64)},
		{Kind: batch.AttemptStarted, Position: i, Attempt: 1, At: noon, Run: &run},
		{Kind: batch.AttemptEnded, Position: i, Attempt: 1, At: noon, Run: &end},
		{Kind: batch.TaskJudged, Position: i, Attempt: 1, At: noon, Verdict: &v},
	}
}
