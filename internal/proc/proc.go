// Package proc runs a user's program: a time limit, a process group that dies as
// a whole, a document on its standard input, and as much of its output as is
// believed.
//
// The program gets the environment that the caller gives and nothing else. It is
// no sandbox: the user trusts what they have run.
package proc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A Command is a program and what it is given.
type Command struct {
	Args []string // the program, and its arguments
	Dir  string   // where it runs, and what a program's path such as ./notify.sh is relative to; "" for the working directory
	Env  []string // its whole environment, as NAME=value

	Stdin  []byte    // what it reads; it need not read any
	Output io.Writer // gets its standard output and standard error as they come; nil for nobody

	Limit time.Duration // after which its group is killed; required
}

// outputGrace is how long output is waited for that processes hold open which the
// program left behind.
const outputGrace = time.Second

// A LimitError says that a program took longer than it may.
type LimitError struct{ Limit time.Duration }

func (e *LimitError) Error() string {
	return fmt.Sprintf("did not end within %s and was killed", e.Limit)
}

// Run runs a program and waits for its end. The error is [*LimitError] after the
// limit, ctx's cause once that is done, [*exec.ExitError] when the program ends
// with another code than 0 or by a signal, else why it could not be run. After a
// limit, or when ctx is done, every process of its group is killed; on Windows
// the program alone is.
func Run(ctx context.Context, c Command) error {
	if c.Limit <= 0 {
		return fmt.Errorf("a program needs a time limit, not %s", c.Limit)
	}
	late := &LimitError{c.Limit}
	ctx, cancel := context.WithTimeoutCause(ctx, c.Limit, late)
	defer cancel()
	program, err := c.program()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, c.Args[1:]...)
	cmd.Dir = c.Dir
	cmd.Env = append([]string{}, c.Env...) // nil would be this process's own
	cmd.Stdin = strings.NewReader(string(c.Stdin))
	if c.Output != nil { // the same writer twice: exec writes to it from one goroutine
		cmd.Stdout, cmd.Stderr = c.Output, c.Output
	}
	cmd.WaitDelay = outputGrace
	asGroup(cmd)
	err = cmd.Run()
	switch {
	case ctx.Err() != nil && !succeeded(cmd):
		return context.Cause(ctx)
	case succeeded(cmd):
		return nil // what it left behind may hold its output open, and it need not read all of its input
	}
	return bare(err)
}

// Check reports why a program could not be run, as far as that can be told
// without running it.
func (c Command) Check() error {
	program, err := c.program()
	if err != nil {
		return err
	}
	_, err = exec.LookPath(program)
	return bare(errors.Unwrap(err))
}

// bare is an error without the path, which the caller has as the user wrote it.
func bare(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

func succeeded(cmd *exec.Cmd) bool { return cmd.ProcessState != nil && cmd.ProcessState.Success() }

// program is the path to run: a name alone is looked for as a shell does, a path
// is relative to Dir.
func (c Command) program() (string, error) {
	if len(c.Args) == 0 || c.Args[0] == "" {
		return "", errors.New("there is no program to run")
	}
	name := filepath.FromSlash(c.Args[0])
	if filepath.Base(name) == name {
		found, err := exec.LookPath(name)
		if err != nil {
			return "", errors.Unwrap(err)
		}
		return found, nil
	}
	if filepath.IsAbs(name) {
		return name, nil
	}
	return filepath.Abs(filepath.Join(c.Dir, name))
}
