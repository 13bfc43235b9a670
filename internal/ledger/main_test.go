package ledger

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// childVariable names what a copy of the test binary does instead of testing.
const childVariable = "LEDGER_TEST_CHILD"

// children are the other processes of the tests. They work in the folder that
// is their argument and speak in lines.
var children = map[string]func(dir string) error{
	"append": appendForEver,
	"batch":  wholeBatch,
	"lock":   lockUntilKilled,
	"limit":  appendUntilLimit,
}

func TestMain(m *testing.M) {
	if name := os.Getenv(childVariable); name != "" {
		if err := children[name](os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A child is another process of a test.
type child struct {
	*exec.Cmd
	lines *bufio.Scanner
}

func startChild(t *testing.T, name, dir string, env ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.Command(self, dir)}
	c.Env = append(append(os.Environ(), childVariable+"="+name), env...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(io.Reader(out))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

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
	b, err := beginBatch(s, name, tasks...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func beginBatch(s *Store, name string, tasks ...batch.Task) (*Batch, error) {
	return s.Begin(batch.Info{
		Name: name, Provider: "local", BaseURL: "http://127.0.0.1:1", OpenedAt: ledgertest.Start(),
		ManifestPath: "tasks.yaml", Manifest: []byte("version: 1\n"),
	}, sequence(tasks))
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
