//go:build unix

package cli_test

import (
	"context"
	"database/sql"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
)

// Who has the lock may be stopped in the middle of a write: prune is told of the
// lock, and does not wait for the ledger first.
func TestPruneLooksAtTheLocksFirst(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	s, err := ledger.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-100 * 24 * time.Hour).UTC()
	b, err := s.Begin(batch.Info{Name: "old", OpenedAt: long}, func(yield func(batch.Task, error) bool) { yield(batch.Task{ID: "a"}, nil) })
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Append(batch.Event{Kind: batch.BatchClosed, Position: -1, At: long}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	lock, err := ledger.Lock(state, "old")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }()
	db, err := sql.Open("sqlite", filepath.Join(state, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	like := bbbatch("", "list", "--prune", "90d", "--yes", "--state", state)
	cmd := exec.CommandContext(ctx, like.Path, like.Args[1:]...)
	cmd.Env = like.Env
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 6 {
		t.Errorf("got exit code %d, %v, want 6:\n%s", code, err, out)
	}
}
