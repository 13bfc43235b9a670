package ledger

import (
	"iter"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

func openStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func sequence(tasks []batch.Task) iter.Seq2[batch.Task, error] {
	return func(yield func(batch.Task, error) bool) {
		for _, task := range tasks {
			if !yield(task, nil) {
				return
			}
		}
	}
}

func begin(t testing.TB, s *Store, name string, tasks ...batch.Task) *Batch {
	t.Helper()
	b, err := s.Begin(batch.Info{
		Name: name, Provider: "local", BaseURL: "http://127.0.0.1:1", OpenedAt: ledgertest.Start(),
		ManifestPath: "tasks.yaml", Manifest: []byte("version: 1\n"),
	}, sequence(tasks))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustAppend(t testing.TB, b *Batch, events ...batch.Event) {
	t.Helper()
	for _, e := range events {
		if e.At.IsZero() {
			e.At = ledgertest.Start().Add(time.Minute)
		}
		if err := b.Append(e); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConformance(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T, tasks ...batch.Task) batch.Ledger {
		return begin(t, openStore(t, t.TempDir()), "main", tasks...)
	})
}
