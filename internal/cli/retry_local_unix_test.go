//go:build unix

package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
)

// What was in flight when a local server ended with its process is given up by
// retry, and run again on a fresh server; what passed stays.
func TestRetryGivesUpTheRunsOfAnEndedLocalServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"page.html":  `<script type="application/ld+json">{"@type":"Product","name":"a","price":1}</script>`,
		"tasks.yaml": "version: 1\nname: ended\nlocal: {sites: {\"https://shop.example\": \".\"}}\nresultSchemas: {p: {type: object, required: [price], properties: {price: {type: number}}}}\ndefaults: {resultSchema: p}\ntasks:\n  - {id: \"t${{ row.n }}\", task: \"Open https://shop.example/page.html?${{ row.n }} and return its price.\", forEach: [{n: 0}, {n: 1}, {n: 2}, {n: 3}, {n: 4}]}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "tasks.yaml")
	m, err := manifest.Load(path, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(dir, ".bbbatch")
	s, err := ledger.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Begin(batch.Info{Name: m.Name, Provider: "local", BaseURL: "local", ManifestPath: path, Manifest: m.Text}, m.Tasks(nil))
	if err != nil {
		t.Fatal(err)
	}
	started := func(position int, id string) batch.Event {
		return batch.Event{Kind: batch.AttemptStarted, Position: position, Attempt: 1, Run: &batch.Observed{ID: id, Status: batch.StatusRunning}}
	}
	events := []batch.Event{
		started(0, "gone"),
		{Kind: batch.AttemptUnknown, Position: 2, Attempt: 1, Message: "EOF"},
		started(3, "kept"),
		{Kind: batch.AttemptEnded, Position: 3, Attempt: 1, Run: &batch.Observed{ID: "kept", Status: batch.StatusCompleted, Result: batch.Result{Raw: []byte(`{"price":7}`)}}},
		{Kind: batch.TaskJudged, Position: 3, Attempt: 1, Verdict: &batch.Verdict{Outcome: batch.Passed}},
		{Kind: batch.BatchClosed, Position: -1},
	}
	for position := range 4 { // of the second the answer never came; the last has not begun
		events = append([]batch.Event{{Kind: batch.AttemptIntended, Position: position, Attempt: 1}}, events...)
	}
	for _, e := range events {
		e.At = time.Now().UTC()
		if err := b.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := bbbatch("", "retry", path, "-o", filepath.Join(dir, "out.jsonl")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "ok: 5 of 5 passed") {
		t.Fatalf("got %v:\n%s", err, out)
	}
	got, err := os.ReadFile(filepath.Join(dir, "out.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(got), "the local server ended with its process"); n != 3 {
		t.Errorf("%d attempts say that their server ended, want 3:\n%s", n, got)
	}
	if n := strings.Count(string(got), `"result":{"price":7}`); n != 1 {
		t.Errorf("what passed was not kept:\n%s", got)
	}
}
