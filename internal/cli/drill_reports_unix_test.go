//go:build unix

package cli_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// compareReports compares the reports with those of the same manifest to which
// nothing happened. Ids and times differ, and so does how many creates it took;
// of tasks that are unknown nothing is expected.
func (d *drill) compareReports(unknown map[string]bool) {
	d.t.Helper()
	calm := d.undisturbed()
	for name, read := range map[string]func(*drill, string, map[string]bool) map[string]string{
		"jsonl": (*drill).readLines, "csv": (*drill).readTable,
	} {
		want := read(calm, calm.path("out."+name), unknown)
		got := read(d, d.path("again."+name), unknown)
		if diff := cmp.Diff(want, got); diff != "" {
			d.t.Errorf("the report in %s is not that of an undisturbed batch (-undisturbed +this):\n%.4000s", name, diff)
		}
	}
}

// undisturbed runs the phase's manifest once, with a service that behaves.
func (d *drill) undisturbed() *drill {
	d.t.Helper()
	p := d.phase
	p.faults = ""
	calm := newDrill(d.t, p, d.program, d.seed)
	calm.ends(calm.apply(""))
	if bought := calm.service.Stats().Creates; !calm.finished || bought != d.tasks && !d.again {
		d.t.Fatalf("undisturbed: finished %v with %d creates for %d tasks", calm.finished, calm.service.Stats().Creates, d.tasks)
	}
	return calm
}

// readLines reads JSONL by the tasks' ids, without what may differ.
func (d *drill) readLines(path string, without map[string]bool) map[string]string {
	text, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	records := map[string]string{}
	for line := range strings.Lines(string(text)) {
		var r map[string]json.RawMessage
		var attempts []map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			d.t.Fatal(err)
		}
		id := string(r["id"])
		if without[strings.Trim(id, `"`)] {
			continue
		}
		if err := json.Unmarshal(r["attempts"], &attempts); err != nil || len(attempts) == 0 {
			d.t.Fatalf("%s: attempts: %v", id, err)
		}
		last := attempts[len(attempts)-1] // those before it made no run
		r["attempts"] = fmt.Appendf(nil, "%s %s", last["status"], last["cause"])
		delete(r, "batch")
		delete(r, "resultFile") // is named by the attempt
		if strings.HasPrefix(id, `"agent-`) {
			delete(r, "run") // the agent has another id at each service
		}
		var b strings.Builder
		for _, key := range slices.Sorted(maps.Keys(r)) {
			fmt.Fprintf(&b, "%s: %.2000s\n", key, r[key])
		}
		records[id] = b.String()
	}
	return records
}

// readTable reads CSV likewise.
func (d *drill) readTable(path string, without map[string]bool) map[string]string {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		d.t.Fatal(err)
	}
	header := rows[0]
	records := map[string]string{}
	for _, row := range rows[1:] {
		if without[row[0]] {
			continue
		}
		for i, name := range header {
			switch name {
			case "attempts", "run_id", "started_at", "ended_at", "seconds", "minutes":
				row[i] = ""
			}
		}
		records[row[0]] = fmt.Sprintf("%.2000q", row)
	}
	records["header"] = fmt.Sprint(header)
	return records
}
