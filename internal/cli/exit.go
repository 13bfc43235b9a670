package cli

import (
	"errors"

	"github.com/bbbatch/bbbatch/batch"
)

// The exit codes. They are a contract: see README.md and `bbbatch help apply`.
const (
	exitOK          = 0
	exitFailed      = 1   // a run failed, or its fate is unknown
	exitUsage       = 2   // the command line, the manifest, a secret or a file is wrong
	exitInvalid     = 3   // every run finished; a result breaks its schema or an expectation, or one of the batch is false
	exitStopped     = 4   // a policy let nothing new start, or tasks were left out
	exitService     = 5   // the service has no key, refused it, or can't be reached
	exitHeld        = 6   // another process holds the batch
	exitWork        = 8   // plan --detailed-exitcode: there is work to do
	exitInternal    = 70  // state or a report could not be written; a bug
	exitInterrupted = 130 // interrupted with work unfinished
)

// exitCodes is what the help of apply says of them, and exitCodesOfRetry that of
// retry.
const (
	exitCodes = exitCodesTo4 + exitCodesTo70 + `  130  interrupted with work unfinished; the same command continues`

	exitCodesOfRetry = exitCodesTo4 + `;
       or tasks that --where did not select have not started` + exitCodesTo70 + `  130  interrupted with work unfinished; the apply that is printed continues`
)

const exitCodesTo4 = `Exit codes:
  0    enough tasks passed (--accept; all, where nothing else is said), or with
       --submit-only all were started
  1    a run failed (failed, stopped, timed out, deadline) or its fate is unknown
  2    the command line, the manifest, a secret or a data file is wrong, or an
       output can't be written, or no task is selected; nothing more was sent
  3    every run finished; a result breaks its schema, an expectation, a batchExpect
       or the baseline
  4    stopped early by halt, canary, --fail-fast, --max-time or the budget`

const exitCodesTo70 = `
  5    the service has no key, refused the key, the quota or the feature, or
       can't be reached
  6    another process holds this batch
  70   an internal error: state or a report could not be written, or a bug
`

// A failure is an error with the exit code it leads to and what to do about it.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// also adds what went wrong while something was closed to the error of before,
// which it outweighs: state may not be as it should.
func also(err, closing error) error {
	switch {
	case closing == nil:
		return err
	case err == nil || errors.Is(err, errTold):
		return &failure{exitInternal, closing, ""}
	}
	hint := ""
	if f := (*failure)(nil); errors.As(err, &f) {
		hint = f.hint
	}
	return &failure{exitInternal, errors.Join(err, closing), hint}
}

func usage(err error, hint string) error { return &failure{exitUsage, err, hint} }

// orUsage has an error count as wrong usage, unless it has a code already.
func orUsage(err error) error {
	if f := (*failure)(nil); errors.As(err, &f) {
		return err
	}
	return usage(err, "")
}

// A flagError is about the value of a flag. Its text begins with what gave the
// value: the flag, or the variable that stands for it.
type flagError struct {
	flag string // without dashes
	from string // "" for the flag itself
	err  error
}

func wrongFlag(flag string, err error, hint string) error {
	return usage(&flagError{flag: flag, err: err}, hint)
}

func (e *flagError) Error() string { return firstOf(e.from, "--"+e.flag) + ": " + e.err.Error() }
func (e *flagError) Unwrap() error { return e.err }

// precedence orders the codes: when several hold, the first one wins.
var precedence = [...]int{exitInternal, exitInterrupted, exitHeld, exitUsage, exitService, exitStopped, exitFailed, exitInvalid, exitOK}

// worst picks the code that wins of two.
func worst(a, b int) int {
	for _, code := range precedence {
		if a == code || b == code {
			return code
		}
	}
	return exitInternal
}

// codeOf is the exit code of an error alone. An error that nobody gave a code
// came from the command line's parser, or is a bug.
func codeOf(err error) int {
	var f *failure
	var refused *batch.RefusedError
	var unreachable *batch.UnreachableError
	var changed *batch.ChangedError
	var halted *batch.HaltedError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &f):
		return f.code
	case errors.Is(err, batch.ErrInterrupted):
		return exitInterrupted
	case errors.As(err, &refused), errors.As(err, &unreachable):
		return exitService
	case errors.As(err, &changed):
		return exitUsage
	case errors.As(err, &halted):
		return exitStopped
	}
	return exitInternal
}

// codeOfSummary is the exit code of how the tasks of a batch ended, and of what
// is expected of it as a whole.
func codeOfSummary(s batch.Summary) int {
	code := codeOfTasks(s)
	if !s.Holds() {
		code = worst(code, exitInvalid)
	}
	return code
}

// codeOfTasks is the exit code of how the tasks of a batch ended. Those that
// are excused decide nothing. Where nothing went wrong and yet too few passed,
// the batch has too few tasks, or was given up; one that is not at its end has
// no code for that.
func codeOfTasks(s batch.Summary) int {
	if s.Enough() {
		return exitOK
	}
	against := func(o batch.Outcome) int { return s.Counts[o] - s.Excused[o] }
	code := exitOK
	if against(batch.Invalid)+against(batch.Wrong) > 0 {
		code = worst(code, exitInvalid)
	}
	if against(batch.Failed)+against(batch.Unknown) > 0 {
		code = worst(code, exitFailed)
	}
	if code == exitOK && !s.Info.ClosedAt.IsZero() {
		return exitFailed
	}
	return code
}
