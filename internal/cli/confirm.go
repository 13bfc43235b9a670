package cli

import (
	"bufio"
	"context"
	"errors"
	"strings"

	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/report"
)

// confirm asks a person whether to go on with what costs or loses something, and
// returns nil for yes. Where nobody can be asked it is an error with the hint,
// unless the command line has said yes. undone says that nothing has been done so
// far. A first Ctrl-C ends the waiting for an answer.
func confirm(ctx context.Context, drain <-chan struct{}, sys Sys, yes bool, what, undone, hint string) error {
	if yes {
		return nil
	}
	_, terminal := sys.Terminal()
	if !terminal || sys.StdinTerminal == nil || !sys.StdinTerminal() {
		return usage(errors.New(what+"; "+undone), hint)
	}
	_, _ = sys.Stderr.Write([]byte(report.Clean(what) + ". Go on? [y/N] "))
	answer := make(chan string, 1)
	go func() { // if left behind, it ends with the process
		line, _ := bufio.NewReader(sys.Stdin).ReadString('\n')
		answer <- line
	}()
	select {
	case line := <-answer:
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return nil
		}
		return usage(errors.New("not confirmed; "+undone), hint)
	case <-drain:
	case <-ctx.Done():
	}
	return batch.ErrInterrupted
}

// yesVar defines --yes, which answers for the person.
func yesVar(flags *pflag.FlagSet, yes *bool, does string) {
	flags.BoolVar(yes, "yes", false, does)
}
