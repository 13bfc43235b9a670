package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/schema"
)

// sample is the schema and the result of every task here.
func sample(b *testing.B) (*schema.Schema, json.RawMessage) {
	b.Helper()
	text, err := os.ReadFile("product.schema.json")
	if err != nil {
		b.Fatal(err)
	}
	s, err := schema.Compile(text, schema.Options{Object: true})
	if err != nil {
		b.Fatal(err)
	}
	rules, err := os.ReadFile("rules.json")
	if err != nil {
		b.Fatal(err)
	}
	var all []struct{ Result json.RawMessage }
	if err := json.Unmarshal(rules, &all); err != nil {
		b.Fatal(err)
	}
	return s, all[0].Result
}

// BenchmarkJudge is one result of 1 KB; node/judge.mjs does the same with ajv.
func BenchmarkJudge(b *testing.B) {
	s, result := sample(b)
	b.ReportAllocs()
	for b.Loop() {
		if problems := s.Validate(result); problems != nil {
			b.Fatal(problems)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "results/s")
}

// An instant provider's runs have ended when they are first looked at.
type instant struct {
	batch.Provider
	result json.RawMessage
	runs   atomic.Int64
}

func (p *instant) Start(context.Context, batch.Spec) (batch.Observed, error) {
	id := fmt.Sprintf("3b241101-e2bb-4255-8caf-%012d", p.runs.Add(1))
	return batch.Observed{ID: id, Status: batch.StatusPending, CreatedAt: time.Now()}, nil
}

func (p *instant) Get(_ context.Context, id string) (batch.Observed, error) {
	now := time.Now()
	return batch.Observed{
		ID: id, Status: batch.StatusCompleted, CreatedAt: now, EndedAt: now,
		Result: batch.Result{Raw: p.result, Size: int64(len(p.result))},
	}, nil
}

// BenchmarkTask is one task through the engine and the ledger, 20 at once,
// without a service.
func BenchmarkTask(b *testing.B) {
	s, result := sample(b)
	store, err := ledger.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	}()
	tasks := func(yield func(batch.Task, error) bool) {
		for i := range b.N {
			task := batch.Task{
				Position: i, ID: fmt.Sprintf("%05d", i), Template: "tasks[0]", Schema: s, Timeout: time.Hour,
				Spec: batch.Spec{Task: fmt.Sprintf("Open https://shop.example/products/%05d.html", i), ResultSchema: s.Text()},
			}
			if !yield(task, nil) {
				return
			}
		}
	}
	started, err := store.Begin(batch.Info{Name: "bench", Provider: "local", Total: b.N}, iter.Seq2[batch.Task, error](tasks))
	if err != nil {
		b.Fatal(err)
	}
	cpu := cpuTime()
	b.ResetTimer()
	err = batch.Run(context.Background(), batch.Config{
		Provider: &instant{result: result}, Ledger: started, Tasks: tasks, Concurrency: 20, FirstLook: 5 * time.Millisecond,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "cpu-µs/task")
}

// BenchmarkExpand is one row of a manifest, loaded and expanded.
func BenchmarkExpand(b *testing.B) {
	file := writeBatch(b, 10_000)
	m, err := manifest.Load(file, manifest.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			if _, err := manifest.Load(file, manifest.Options{}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N*m.Total)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("tasks", func(b *testing.B) {
		for b.Loop() {
			for _, err := range m.Tasks(nil) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.N*m.Total)/b.Elapsed().Seconds(), "rows/s")
	})
}

// BenchmarkStart is the program from its start to its end: the least that a
// command can take, and check on 1,000 tasks, each with an entry of its own.
func BenchmarkStart(b *testing.B) {
	program := filepath.Join(b.TempDir(), "bbbatch.exe")
	if out, err := exec.Command("go", "build", "-o", program, "..").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var text strings.Builder
	text.WriteString("version: 1\nresultSchemas: {product: {$ref: product.schema.json}}\ntasks:\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "  - {id: t-%d, task: 'Open https://shop.example/%d and return its title.', resultSchema: product}\n", i, i)
	}
	file := writeBatch(b, 0)
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	for name, args := range map[string][]string{"version": {"version"}, "check": {"check", file}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
			}
		})
	}
}
