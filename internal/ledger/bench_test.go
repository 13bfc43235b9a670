package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
	"github.com/bbbatch/bbbatch/schema"
)

// BenchmarkAppend is the promise that recording costs little beside a run: each
// event is durable when Append returns.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 20} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			ledger := begin(b, openStore(b, b.TempDir()), "main", ledgertest.Tasks(b.N/4+1)...)
			result := []byte(`{"price": 12.50, "title": "` + strings.Repeat("x", 200) + `"}`)
			var next atomic.Int64
			b.ResetTimer()
			var all sync.WaitGroup
			for range writers {
				all.Go(func() {
					for {
						i := int(next.Add(1) - 1)
						if i >= b.N/4+1 {
							return
						}
						for _, e := range wholeWay(i, result) {
							if err := ledger.Append(e); err != nil {
								b.Error(err)
								return
							}
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(4*(b.N/4+1))/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// wholeWay is a task that passes: four events.
func wholeWay(i int, result []byte) []batch.Event {
	now := ledgertest.Start()
	run := func(s batch.Status) *batch.Observed {
		return &batch.Observed{ID: fmt.Sprintf("3b241101-e2bb-4255-8caf-%012d", i), Status: s, SessionID: "session", CreatedAt: now, EndedAt: now}
	}
	end := run(batch.StatusCompleted)
	end.Result = batch.Result{Raw: result, Size: int64(len(result))}
	return []batch.Event{
		{Kind: batch.AttemptIntended, Position: i, Attempt: 1, At: now, Digest: strings.Repeat("d", 64)},
		{Kind: batch.AttemptStarted, Position: i, Attempt: 1, At: now, Run: run(batch.StatusPending)},
		{Kind: batch.AttemptEnded, Position: i, Attempt: 1, At: now, Run: end},
		{Kind: batch.TaskJudged, Position: i, Attempt: 1, At: now, Verdict: &batch.Verdict{Outcome: batch.Passed}},
	}
}

// BenchmarkBegin adds 100,000 tasks.
func BenchmarkBegin(b *testing.B) {
	tasks := ledgertest.Tasks(100_000)
	for b.Loop() {
		begin(b, openStore(b, b.TempDir()), "main", tasks...)
	}
}

// BenchmarkOpen is what every test of the engine pays.
func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		s, err := Open(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecords reads 20,000 records of finished tasks.
func BenchmarkRecords(b *testing.B) {
	ledger := begin(b, openStore(b, b.TempDir()), "main", ledgertest.Tasks(20_000)...)
	var all sync.WaitGroup
	for w := range 20 {
		all.Go(func() {
			for i := w; i < 20_000; i += 20 {
				mustAppend(b, ledger, wholeWay(i, []byte(`{"a":1}`))...)
			}
		})
	}
	all.Wait()
	for b.Loop() {
		n := 0
		for _, err := range ledger.Records(0) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 20_000 {
			b.Fatalf("got %d records", n)
		}
	}
}

// BenchmarkBeginMillion is the promise that a batch of a million rows opens in
// about the time that reading them takes, in memory that does not grow.
func BenchmarkBeginMillion(b *testing.B) {
	const n = 1_000_000
	s, err := schema.Compile([]byte(`{"type":"object","required":["name","price"],"properties":{"name":{"type":"string"},"price":{"type":"number"}}}`), schema.Options{})
	if err != nil {
		b.Fatal(err)
	}
	tasks := func(yield func(batch.Task, error) bool) {
		for i := range n {
			sku := fmt.Sprintf("%08d", (i*7919)%n) // ids are not in order
			task := batch.Task{
				Position: i, ID: "sku-" + sku, Template: "tasks[0]", Row: fmt.Appendf(nil, `{"sku":"%s","name":"product %d","max_price":"%d.99"}`, sku, i, i%100),
				Spec: batch.Spec{
					Task: "Find product %sku% in the shop. Return its name and its price as a number.", ResultSchema: s.Text(),
					Variables: []batch.Variable{{Name: "sku", Value: sku, Masked: sku}},
				},
				Schema: s, Timeout: 15 * time.Minute, Tags: []string{"nightly"},
			}
			if !yield(task, nil) {
				return
			}
		}
	}
	for b.Loop() {
		dir := b.TempDir()
		peak := watchMemory()
		began := time.Now()
		begun, err := openStore(b, dir).Begin(batch.Info{Name: "main", Provider: "local", OpenedAt: ledgertest.Start(), Manifest: []byte("version: 1\n")}, tasks)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(n/time.Since(began).Seconds(), "tasks/s")
		b.ReportMetric(float64(peak())/(1<<20), "peak-MB")
		info, err := os.Stat(filepath.Join(dir, fileName))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/(1<<20), "file-MB")
		if sum, err := begun.Info(); err != nil || sum.Total != n {
			b.Fatalf("got %d tasks, %v", sum.Total, err)
		}
	}
}

// watchMemory looks at the heap until peak is called, which returns its most.
func watchMemory() (peak func() uint64) {
	stop, done := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			select {
			case <-stop:
				done <- most
				return
			case <-time.After(20 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.Sys-m.HeapReleased)
			}
		}
	}()
	return func() uint64 { close(stop); return <-done }
}

// BenchmarkSummary counts 200,000 tasks that passed.
func BenchmarkSummary(b *testing.B) {
	s := openStore(b, b.TempDir())
	ledger := begin(b, s, "main", ledgertest.Tasks(200_000)...)
	if err := s.write(func(c *connection) error {
		for _, query := range []string{
			`UPDATE progress SET state = 'done', outcome = 'passed', attempt = 1`,
			`INSERT INTO attempts (batch, position, number, digest, intended_at, clock, run_id, status, created_at, ended_at)
				SELECT batch, position, 1, '', 1, 0, 'run-' || position, 'COMPLETED', 1, 60000000000 FROM progress`,
			`INSERT INTO verdicts (batch, position, outcome, reason, message, signature, leaked, data)
				SELECT batch, position, 'passed', '', '', '', 0, '{"outcome":"passed"}' FROM progress`,
		} {
			if _, err := c.exec(query); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		sum, err := ledger.Summary()
		if err != nil || sum.Counts[batch.Passed] != 200_000 || sum.Runs != 200_000 || sum.FirstTry != 200_000 {
			b.Fatalf("got %+v, %v", sum, err)
		}
	}
}
