package ledger

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func lockUntilKilled(dir string) error {
	if _, err := Lock(dir, "main"); err != nil {
		return err
	}
	fmt.Println("locked")
	time.Sleep(time.Minute)
	return nil
}

func TestLockOfAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	c := startChild(t, "lock", dir)
	if !c.lines.Scan() {
		t.Fatal("the other process ended")
	}
	_, err := Lock(dir, "main")
	e, ok := errors.AsType[*HeldError](err)
	host, _ := os.Hostname()
	if !ok || e.Name != "main" || e.PID != c.Process.Pid || e.Host != host || time.Since(e.Since).Abs() > time.Minute {
		t.Errorf("got %v, want pid %d on %s", err, c.Process.Pid, host)
	}
	if other, err := Lock(dir, "other"); err != nil {
		t.Errorf("another name: %v", err)
	} else if err := other.Unlock(); err != nil {
		t.Error(err)
	}

	// A dead holder's lock is free.
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	l, err := Lock(dir, "main")
	if err != nil {
		t.Fatal(err)
	}
	if !l.Abandoned() {
		t.Error("the lock of a process that was killed is not known to be left")
	}
	_, err = Lock(dir, "main")
	if e, ok := errors.AsType[*HeldError](err); !ok || e.PID != os.Getpid() {
		t.Errorf("in this process: got %v, want our own pid", err)
	}
	if err := l.Unlock(); err != nil {
		t.Error(err)
	}
	again, err := Lock(dir, "main")
	if err != nil {
		t.Fatalf("after unlock: %v", err)
	}
	if again.Abandoned() {
		t.Error("a lock that was given back counts as left")
	}
	if err := again.Unlock(); err != nil {
		t.Error(err)
	}
}

func TestLockNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"", "a/b", "../a", `a\b`, "a b", "ü", "a\n", strings.Repeat("a", 65)} {
		if l, err := Lock(dir, name); err == nil {
			_ = l.Unlock()
			t.Errorf("%q: got no error", name)
		}
	}
	for _, name := range []string{"a", "A-b_c.9", strings.Repeat("a", 64)} {
		l, err := Lock(dir, name)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if err := l.Unlock(); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 3 {
		t.Errorf("got %v, %v, want the three lock files", left, err)
	}
}
