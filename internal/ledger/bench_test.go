package ledger

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
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
