//go:build unix

package proc_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/internal/proc"
)

func sh(script string) proc.Command {
	return proc.Command{Args: []string{"/bin/sh", "-c", script}, Limit: 20 * time.Second}
}

// A program reads the document, says things on both streams, and knows nothing
// of this process's environment.
func TestRun(t *testing.T) {
	t.Setenv("SECRET_OF_OURS", "hunter2")
	var out bytes.Buffer
	c := sh(`cat; echo "[$GIVEN] [$SECRET_OF_OURS]" >&2; pwd`)
	c.Stdin, c.Output, c.Env, c.Dir = []byte("{}\n"), &out, []string{"GIVEN=yes"}, t.TempDir()
	if err := proc.Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "{}\n[yes] []\n"+dir+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A path is relative to the folder, and not to where this process is.
func TestAPathIsRelativeToTheFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "say"), []byte("#!/bin/sh\necho $1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err := proc.Run(t.Context(), proc.Command{Args: []string{"./say", "so"}, Dir: dir, Output: &out, Limit: time.Minute})
	if err != nil || out.String() != "so\n" {
		t.Errorf("got %q, %v, want so", out.String(), err)
	}
}

// After the limit the program dies, and what it has started with it.
func TestTheGroupDiesWithIt(t *testing.T) {
	dir := t.TempDir()
	pidFile := filepath.Join(dir, "pid")
	c := sh(`sleep 60 & echo $! > pid; trap "" TERM; sleep 60`)
	c.Dir, c.Limit = dir, 500*time.Millisecond
	began := time.Now()
	err := proc.Run(t.Context(), c)
	var late *proc.LimitError
	if !errors.As(err, &late) || late.Limit != c.Limit {
		t.Errorf("got %v, want an error of the limit", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if dead(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d of the group goes on", pid)
}

// dead also counts a process that nobody has reaped yet.
func dead(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && bytes.Contains(stat, []byte(") Z "))
}

func TestHowItEnds(t *testing.T) {
	cancelled, cancel := context.WithCancelCause(t.Context())
	told := errors.New("told to end")
	cancel(told)
	for _, test := range []struct {
		name string
		ctx  context.Context
		c    proc.Command
		is   error
		says string

		check bool // it can be told before
	}{
		{"it need not read its input", nil, with(sh("exit 0"), bytes.Repeat([]byte("x"), 1<<20)), nil, "", false},
		{"what it leaves behind may hold its output", nil, with(sh("sleep 5 & exit 0"), nil), nil, "", false},
		{"another code", nil, sh("exit 3"), nil, "exit status 3", false},
		{"a signal", nil, sh("kill -9 $$"), nil, "signal: killed", false},
		{"no such program", nil, proc.Command{Args: []string{"no-such-program-of-bbbatch"}, Limit: time.Second}, exec.ErrNotFound, "", true},
		{"no such path", nil, proc.Command{Args: []string{"./no-such"}, Limit: time.Second}, os.ErrNotExist, "", true},
		{"no program", nil, proc.Command{Limit: time.Second}, nil, "there is no program to run", true},
		{"no limit", nil, proc.Command{Args: []string{"true"}}, nil, "a program needs a time limit, not 0s", false},
		{"cancelled", cancelled, sh("sleep 60"), told, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx := test.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			var out bytes.Buffer
			test.c.Output = &out
			err := proc.Run(ctx, test.c)
			if check := test.c.Check(); test.check && (check == nil || err == nil || check.Error() != err.Error()) {
				t.Errorf("Check: got %v, want %v", check, err)
			}
			switch {
			case test.is != nil:
				if !errors.Is(err, test.is) {
					t.Errorf("got %v, want %v", err, test.is)
				}
			case test.says == "":
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
			case err == nil || err.Error() != test.says:
				t.Errorf("got %v, want %s", err, test.says)
			}
		})
	}
}

func with(c proc.Command, stdin []byte) proc.Command {
	c.Stdin = stdin
	return c
}
