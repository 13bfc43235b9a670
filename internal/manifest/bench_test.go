package manifest

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// 1,000 tasks load in well under 100 ms.
func BenchmarkLoad1000Tasks(b *testing.B) {
	var text strings.Builder
	text.WriteString("version: 1\nresultSchemas: {s: {type: object, properties: {title: {type: string}}}}\ntasks:\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "  - id: t-%d\n    task: Open https://shop.example/p/%d and return its title.\n    resultSchema: s\n", i, i)
	}
	write(b, map[string]string{"tasks.yaml": text.String()})
	for b.Loop() {
		if _, err := Load("tasks.yaml", Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func rowsCSV(n int) string {
	var text strings.Builder
	text.WriteString("sku,name,price\n")
	for i := range n {
		fmt.Fprintf(&text, "S-%06d,Product number %d,%d.50\n", i, i, i)
	}
	return text.String()
}

const rowsManifest = `version: 1
resultSchemas: {s: {type: object}}
variables: {sku: "${{ row.sku }}"}
tasks:
  - id: p-${{ row.sku }}
    forEach: p.csv
    task: Find %sku%, which is ${{ upper(row.name) }} for ${{ row.price }}.
    resultSchema: s
`

// sizes runs a benchmark with a manifest of so many rows.
func sizes(b *testing.B, run func(b *testing.B)) {
	for _, c := range []struct {
		name string
		rows int
	}{{"10k", 10_000}, {"100k", 100_000}, {"1M", 1_000_000}} {
		b.Run(c.name, func(b *testing.B) {
			write(b, map[string]string{"tasks.yaml": rowsManifest, "p.csv": rowsCSV(c.rows)})
			b.ReportAllocs()
			run(b)
		})
	}
}

// The first pass: a million rows load in less than five seconds. What is live at its end is
// the set of ids.
func BenchmarkLoadRows(b *testing.B) {
	sizes(b, func(b *testing.B) {
		for b.Loop() {
			if _, err := Load("tasks.yaml", Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The second pass, which plan and apply take.
func BenchmarkTasksRows(b *testing.B) {
	sizes(b, func(b *testing.B) {
		m, err := Load("tasks.yaml", Options{})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			for _, err := range m.Tasks(nil) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// The set of ids takes 24 bytes an id in tables that are 58 to 88% full.
func BenchmarkIDs(b *testing.B) {
	ids := make([]string, 1_000_000)
	for i := range ids {
		ids[i] = fmt.Sprintf("p-S-%06d", i)
	}
	for b.Loop() {
		set := newIDSet(false)
		for i, id := range ids {
			set.add(hashOf(id), use{number: int32(i)})
		}
	}
}

// The second pass holds one row at a time: what is live in its middle does
// not depend on how many rows there are.
func TestStreaming(t *testing.T) {
	live := func(n int) uint64 {
		write(t, map[string]string{"tasks.yaml": rowsManifest, "p.csv": rowsCSV(n)})
		m, err := Load("tasks.yaml", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if m.Total != n {
			t.Errorf("got %d tasks, want %d", m.Total, n)
		}
		var after runtime.MemStats
		at := 0
		for _, err := range m.Tasks(nil) {
			if err != nil {
				t.Fatal(err)
			}
			if at++; at == n/2 {
				runtime.GC()
				runtime.ReadMemStats(&after)
			}
		}
		return after.HeapAlloc
	}
	few, many := live(1000), live(50_000)
	if many > few+1<<20 {
		t.Errorf("got %d KB live with 50,000 rows and %d KB with 1,000", many>>10, few>>10)
	}
}
