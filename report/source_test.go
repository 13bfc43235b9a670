package report

import (
	"bytes"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/schema"
)

// memory is a Source in memory. Records are looked at when they are yielded,
// as a ledger's are.
type memory struct {
	mu      sync.Mutex
	schemas [][]byte
	records []batch.Record
	reads   int // calls of Records
}

func (m *memory) Schemas() ([][]byte, error) { return m.schemas, nil }

func (m *memory) Info() (batch.Info, error) {
	repeats := slices.ContainsFunc(m.records, func(r batch.Record) bool { return r.Repeat != nil })
	return batch.Info{ID: "7f3a0c11", Repeats: repeats}, nil
}

func (m *memory) Records(from int) iter.Seq2[batch.Record, error] {
	return func(yield func(batch.Record, error) bool) {
		m.mu.Lock()
		m.reads++
		m.mu.Unlock()
		for i := from; ; i++ {
			m.mu.Lock()
			if i >= len(m.records) {
				m.mu.Unlock()
				return
			}
			rec := m.records[i]
			rec.Place = i
			m.mu.Unlock()
			if !yield(rec, nil) {
				return
			}
		}
	}
}

func (m *memory) finish(position int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records[position].State = batch.StateDone
	m.records[position].Outcome = batch.Passed
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// done is a finished task with one run of 4.25 seconds.
func done(position int, id string, outcome batch.Outcome, result string) batch.Record {
	return batch.Record{
		Position: position, ID: id, Template: "tasks[0]", State: batch.StateDone, Outcome: outcome,
		Run: "r1:aa", Judge: "j1:bb", BatchID: "7f3a0c11", StateDir: "/state",
		Verdict: batch.Verdict{Outcome: outcome},
		Result:  batch.Result{Raw: []byte(result), Size: int64(len(result))},
		Attempts: []batch.Attempt{{
			Number: 1, RunID: "run-" + id, Status: batch.StatusCompleted,
			CreatedAt: noon, StartedAt: noon.Add(time.Second), EndedAt: noon.Add(5250 * time.Millisecond),
		}},
	}
}

func rendered(t *testing.T, f Format, s Source) string {
	t.Helper()
	return renderedAs(t, f, Options{}, s)
}

func renderedAs(t *testing.T, f Format, o Options, s Source) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, f, o, s); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const productSchema = `{"type":"object","properties":{
	"sku":{"type":"string"},
	"price":{"type":"object","properties":{"amount":{"type":"number"},"currency":{"type":"string"}}},
	"tags":{"type":"array","items":{"type":"string"}},
	"extra":{"type":"object"},
	"inStock":{"type":["boolean","null"]},
	"id":{"type":"integer"}}}`

func falseExpectations() []schema.Problem {
	return []schema.Problem{
		{Kind: "expect", Keyword: "expect", Message: "result.price is 25", Expression: "result.price <= 20", Because: "price list", Values: []byte(`{"result.price":25}`)},
		{Kind: "expect", Keyword: "expect", Message: "the names differ", Expression: "result.a == result.b"},
	}
}
