//go:build unix

package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

// A drillRecord is what the drill reads of a line of JSONL.
type drillRecord struct {
	ID, Outcome string
	Status      json.RawMessage
	Candidates  []string
	Attempts    []struct{ RunID, Outcome string }
}

// remembered is what was once seen of a task, and has to stay so.
type remembered struct {
	line string   // its record, once it was done
	runs []string // ids of its runs, by attempt; "" where none was known
}

// look opens a copy of the ledger, so that what a crash left is left to the next
// process, and compares it with its events and with what was seen before.
func (d *drill) look() {
	d.t.Helper()
	b, done := d.ledger()
	defer done()
	if b == nil {
		return
	}
	info, err := b.Info()
	if err != nil {
		d.t.Fatal(err)
	}
	folded, err := ledger.Fold(b.Events())
	if err != nil {
		d.t.Fatalf("the events: %v", err)
	}
	var rows []ledger.Standing
	for r, err := range b.Rows(0) {
		if err != nil {
			d.t.Fatal(err)
		}
		rows = append(rows, ledger.Standing{State: r.State, Outcome: r.Outcome, Attempt: r.Attempt, RunID: r.RunID, Status: r.Status,
			Spent: r.Spent, Left: r.Left, Stale: r.Stale, Reused: r.Reused})
	}
	if diff := cmp.Diff(folded, rows); diff != "" {
		d.t.Errorf("the rows are not what the events lead to (-events +rows):\n%s", diff)
	}
	var lines bytes.Buffer
	if err := report.Write(&lines, report.JSONL, report.Options{}, b); err != nil {
		d.t.Fatal(err)
	}
	d.finished = !info.ClosedAt.IsZero()
	d.code = d.compare(lines.String())
	d.row.adopted = 0
	for e, err := range b.Events() {
		if err == nil && e.Kind == batch.AttemptAdopted {
			d.row.adopted++
		}
	}
}

// ledger opens a copy of the ledger's file and its log. The batch is nil where
// there is none yet.
func (d *drill) ledger() (b *ledger.Batch, done func()) {
	d.t.Helper()
	dir, err := os.MkdirTemp(d.dir, "look-")
	if err != nil {
		d.t.Fatal(err)
	}
	remove := func() { _ = os.RemoveAll(dir) }
	for _, name := range []string{"ledger.db", "ledger.db-wal"} {
		text, err := os.ReadFile(filepath.Join(d.state, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
	r, err := ledger.OpenReader(dir)
	if errors.Is(err, ledger.ErrNoLedger) {
		return nil, remove
	}
	if err != nil {
		d.t.Fatal(err)
	}
	done = func() { _ = r.Close(); remove() }
	if _, second, err := r.Latest("", 1); err != nil || second {
		d.t.Fatalf("there is a second batch: %v, %v", second, err)
	}
	b, ok, err := r.Latest("", 0)
	if err != nil {
		d.t.Fatal(err)
	}
	if !ok {
		return nil, done
	}
	return b, done
}

// compare remembers each task's record and complains of what has changed that
// may not: a run that is gone, or a task that was done and is another now. It
// returns the exit code that the outcomes lead to.
func (d *drill) compare(lines string) (code int) {
	d.t.Helper()
	if d.memory == nil {
		d.memory = map[string]remembered{}
	}
	for line := range strings.Lines(lines) {
		var r drillRecord
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			d.t.Fatal(err)
		}
		now, before := remembered{}, d.memory[r.ID]
		for _, a := range r.Attempts {
			now.runs = append(now.runs, a.RunID)
		}
		switch r.Outcome {
		case "pending", "running", "not_started":
		case "failed", "unknown":
			now.line, code = line, 1
		case "invalid":
			now.line = line
			if code == 0 {
				code = 3
			}
		default:
			now.line = line
		}
		if before.line != "" && before.line != now.line {
			d.t.Errorf("%s was done and has changed:\n%s%s", r.ID, before.line, line)
		}
		for i, run := range before.runs {
			if run != "" && (i >= len(now.runs) || now.runs[i] != run) {
				d.t.Errorf("%s had the runs %v and now has %v", r.ID, before.runs, now.runs)
			}
		}
		d.memory[r.ID] = now
	}
	return code
}

// account compares what was bought with what is reported, at the end.
func (d *drill) account() {
	d.t.Helper()
	text, err := os.ReadFile(d.path("again.jsonl"))
	if err != nil {
		d.t.Fatal(err)
	}
	created, texts := d.service.Created(), d.texts()
	seen := map[string]bool{}
	unknown := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		var r drillRecord
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			d.t.Fatal(err)
		}
		task, expected := texts[r.ID]
		if !expected {
			d.t.Errorf("a row for %s, which is no task or has one already", r.ID)
		}
		delete(texts, r.ID)
		reported := slices.Clone(r.Candidates)
		owned := 0
		for i, a := range r.Attempts {
			if a.RunID != "" {
				reported = append(reported, a.RunID)
				if !d.again || i == len(r.Attempts)-1 || a.Outcome != "failed" {
					owned++
				}
			}
		}
		if r.Outcome == "unknown" {
			unknown[r.ID] = true
			if d.row.unknown++; !d.unknown {
				d.t.Errorf("%s ended as unknown:\n%.1000s", r.ID, line)
			}
		}
		if owned > 1 || owned == 0 && r.Outcome != "unknown" {
			d.t.Errorf("%s is %s with %d runs, want 1", r.ID, r.Outcome, owned)
		}
		bought := created[task]
		for _, id := range reported {
			if !slices.Contains(bought, id) {
				d.t.Errorf("%s is said to have the run %s, which was not bought for it", r.ID, id)
			}
			if seen[id] {
				d.t.Errorf("the run %s is reported twice", id)
			}
			seen[id] = true
		}
		for _, id := range bought {
			switch {
			case slices.Contains(reported, id):
			case d.unknown && r.Outcome == "unknown" && len(reported) == 0:
				// The service repeats nothing that the run could be known by.
			default:
				d.row.late++
				if !d.late {
					d.t.Errorf("%s (%s): the run %s was bought and is in no record", r.ID, r.Outcome, id)
				}
			}
		}
		most := 1
		if d.again { // as many as its record accounts for
			most = len(reported)
		}
		if more := len(bought) - most; more > 0 {
			d.row.duplicate += more
		}
		delete(created, task)
	}
	d.row.created = d.service.Stats().Creates
	if d.late {
		d.row.duplicate -= d.row.late // they are counted there
	}
	if d.row.duplicate != 0 {
		d.t.Errorf("%d runs were bought twice", d.row.duplicate)
	}
	if len(texts) > 0 {
		d.t.Errorf("no row for %v", slices.Sorted(maps.Keys(texts)))
	}
	if len(created) > 0 {
		d.t.Errorf("runs were bought that no task asked for: %v", created)
	}
	d.compareReports(unknown)
	d.searchSecrets()
}

// searchSecrets looks for the key and the secret in everything that was
// written: the ledger, its side files, the reports and what was said.
func (d *drill) searchSecrets() {
	d.t.Helper()
	searched := 0
	err := filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		searched++
		for _, canary := range []string{drillKey, drillToken} {
			if bytes.Contains(text, []byte(canary)) {
				d.t.Errorf("%s holds %s", path, canary)
			}
		}
		return err
	})
	if err != nil || searched < 5 {
		d.t.Errorf("searched %d files for secrets: %v", searched, err)
	}
}
