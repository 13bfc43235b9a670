//go:build unix

package ledger

import (
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger/ledgertest"
)

// appendUntilLimit lets the system refuse to write more than half a megabyte
// into a file, and says how many tasks were acknowledged before.
func appendUntilLimit(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	b, err := beginBatch(s, "main", ledgertest.Tasks(500)...)
	if err != nil {
		return err
	}
	signal.Ignore(unix.SIGXFSZ)
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 19, Max: before.Max}); err != nil {
		return err
	}
	result := []byte(strings.Repeat("x", 100_000))
	for i := range 500 {
		for _, e := range wholeWay(i, result) {
			if err = b.Append(e); err != nil {
				break
			}
		}
		if err != nil {
			fmt.Println(i)
			break
		}
	}
	if !errors.Is(err, ErrBroken) {
		return fmt.Errorf("got %v, want %v", err, ErrBroken)
	}
	// There is room again, and the ledger is still not used.
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	for range 3 {
		if err := b.Append(wholeWay(499, nil)[0]); !errors.Is(err, ErrBroken) {
			return fmt.Errorf("afterwards: got %v, want %v", err, ErrBroken)
		}
	}
	return nil
}

// A real error of the disk: the process is told, stops for good, and what was
// acknowledged is there.
func TestTheDiskRefuses(t *testing.T) {
	dir := t.TempDir()
	c := startChild(t, "limit", dir)
	var acknowledged int
	if !c.lines.Scan() {
		t.Fatal("the child said nothing")
	}
	if _, err := fmt.Sscan(c.lines.Text(), &acknowledged); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	b, ok, err := openStore(t, dir).Latest("main")
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	sum, err := b.Summary()
	if err != nil || sum.Counts[batch.Passed] != acknowledged {
		t.Errorf("got %v, %v, want %d passed", sum.Counts, err, acknowledged)
	}
}
