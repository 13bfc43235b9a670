package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
	"github.com/bbbatch/bbbatch/report"
)

// A report that is not whole when the process has to end is not written, and
// leaves nothing behind.
func TestALateReportLeavesNothing(t *testing.T) {
	s, err := ledger.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	b, err := s.Begin(batch.Info{Name: "main"}, func(yield func(batch.Task, error) bool) {
		for _, task := range ledgertest.Tasks(3) {
			if !yield(task, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	ctx, tell := context.WithCancel(t.Context())
	late, release := lasting(ctx)
	defer release()
	write := func(name string) error {
		_, err := report.WriteFile(report.Output{Format: report.CSV, Path: filepath.Join(out, name)}, hasty{b, late.Done()}, true)
		return err
	}
	if err := write("in-time.csv"); err != nil {
		t.Fatal(err)
	}
	tell()
	if err := write("at-once.csv"); err != nil {
		t.Errorf("got %v: there is a moment left", err)
	}
	<-late.Done()
	if err := write("late.csv"); !errors.Is(err, errLate) {
		t.Errorf("got %v, want %v", err, errLate)
	}
	files, err := os.ReadDir(out)
	if err != nil || len(files) != 2 {
		t.Errorf("got %v, %v, want the two that were whole", files, err)
	}
}

func TestLastingIsReleased(t *testing.T) {
	ctx, tell := context.WithCancel(t.Context())
	late, release := lasting(ctx)
	began := time.Now()
	tell()
	<-late.Done()
	if took := time.Since(began); took < endGrace {
		t.Errorf("done after %s, want %s", took, endGrace)
	}
	release()
	late, release = lasting(t.Context())
	release()
	if late.Err() == nil {
		t.Error("it goes on after its release")
	}
}
