package report

import (
	"fmt"
	"io"
	"iter"
	"runtime"
	"strings"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
)

// endless makes records when they are asked for and looks at the heap between.
type endless struct {
	n           int
	early, late uint64 // bytes in use after a tenth and after nine tenths
}

func (e *endless) Info() (batch.Info, error)  { return batch.Info{}, nil }
func (e *endless) Schemas() ([][]byte, error) { return [][]byte{[]byte(productSchema)}, nil }

func (e *endless) Records(from int) iter.Seq2[batch.Record, error] {
	return func(yield func(batch.Record, error) bool) {
		for i := from; i < e.n; i++ {
			switch i {
			case e.n / 10:
				e.early = inUse()
			case e.n / 10 * 9:
				e.late = inUse()
			}
			if !yield(done(i, fmt.Sprint("sku-", i), batch.Passed, `{"sku":"a","price":{"amount":1.5},"tags":["x"]}`), nil) {
				return
			}
		}
	}
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A report of 100,000 tasks needs no more memory at its end than near its
// beginning.
func TestMemoryDoesNotGrowWithTheBatch(t *testing.T) {
	for _, f := range []Format{CSV, JSONL} {
		e := &endless{n: 100_000}
		if err := Write(io.Discard, f, Options{}, e); err != nil {
			t.Fatal(err)
		}
		if grown := int64(e.late) - int64(e.early); grown > 256<<10 {
			t.Errorf("%s: the heap grew by %d bytes, want less than 256 KiB", f, grown)
		}
	}
}

// One large result is not held while all that follow are written.
func TestLargeResultIsLetGo(t *testing.T) {
	table := newTable(Options{}, [][]byte{[]byte(`{"properties":{"v":{}}}`)}, false)
	for result, kept := range map[string]bool{`{"v":1}`: true, `{"v":"` + strings.Repeat("x", 8<<20) + `"}`: false} {
		for _, err := range table.rows(done(0, "a", batch.Passed, result)) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if doc, value := table.doc != nil, table.picker.values[0] != nil; doc != kept || value != kept {
			t.Errorf("a result of %d bytes: kept are the result %v, its value %v, want %v", len(result), doc, value, kept)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, f := range []Format{CSV, JSONL} {
		b.Run(string(f), func(b *testing.B) {
			b.ReportAllocs()
			if err := Write(io.Discard, f, Options{}, &endless{n: b.N + 10}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
