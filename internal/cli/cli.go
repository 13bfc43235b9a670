// Package cli owns the command line: flags, streams, the environment, signals
// and exit codes. One file holds one command; a command reads, calls one or
// two packages and prints. A loop over tasks belongs in package batch.
package cli

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/internal/failpoint"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

// Main runs the program with the arguments after its name and returns its exit
// code. A panic is an internal error like others: Go's own way out would end
// with the code that says that the command line is wrong.
func Main(args []string, sys Sys) (code int) {
	defer runtime.KeepAlive(ballast())
	sys = newConsole(sys)
	defer func() {
		if p := recover(); p != nil {
			say(sys.Stderr, fmt.Sprintf("bbbatch: a bug: panic: %v\n%s", p, debug.Stack()), "the ledger has every result that was acknowledged")
			code = exitInternal
		}
	}()
	failpoint.Arm(sys.Getenv)
	sys.console.json.Store(wantsJSON(args, sys.Getenv))
	root := newRoot(sys, args)
	root.SetArgs(args)
	cmd, err := root.ExecuteC()
	if err == nil {
		return exitOK
	}
	var f *failure
	if !errors.As(err, &f) {
		err = parseError(root, cmd, err)
	}
	nameVariable(cmd, err)
	complain(sys.Stderr, err)
	return codeOf(err)
}

func newRoot(sys Sys, args []string) *cobra.Command {
	env := &environment{process: sys.Getenv}
	sys.Getenv = env.get
	root := &cobra.Command{
		Use:   "bbbatch",
		Short: "Run batches of AI browser-agent tasks from a declarative file",
		Long: `bbbatch runs batches of AI browser-agent tasks from a declarative file.

A paid run is never lost, never bought twice, and never believed without a
check: every step is in a ledger before anything follows from it, and every
result is judged against its JSON Schema on this machine.`,
		Example: `  bbbatch init shop                             # a first manifest, that runs on this machine
  bbbatch apply shop/tasks.yaml --local         # no key, no account: real pages, a local agent
  bbbatch apply tasks.yaml -j 20 -o prices.csv  # against Browserbase, 20 runs at once
  bbbatch check tasks.yaml                      # is the manifest right? sends nothing`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(c *cobra.Command, args []string) error {
			err := env.bind(c, args)
			for _, line := range misspelt(c.Root(), append(sys.environ(), env.entries()...)) {
				say(sys.Stderr, "bbbatch: warning: "+line, "")
			}
			return err
		},
	}
	root.Version = version()
	root.SuggestionsMinimumDistance = 2
	root.SetIn(sys.Stdin)
	root.SetOut(sys.Stdout)
	root.SetErr(sys.Stderr)
	root.SetUsageFunc(printUsage)
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(newInit(sys), newCheck(sys), newPlan(sys), newApply(sys, args), newRetry(sys, args), newRecheck(sys), newReport(sys),
		newStatus(sys), newList(sys), newShow(sys), newDiff(sys), newBaseline(sys), newStop(sys), newClose(sys), newRuns(sys), newSchema(sys), newServe(sys), newVersion(sys))
	for _, c := range root.Commands() {
		completeChoices(c)
	}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	checkArguments(root)
	return root
}

// A fileArg is how a command is told its manifest: FILE, or -f FILE.
type fileArg struct{ flag string }

const fileFlag = "file"

func (f *fileArg) define(flags *pflag.FlagSet) {
	flags.StringVarP(&f.flag, fileFlag, "f", "", "the manifest, as `FILE` instead of the argument; - is standard input")
}

// name returns the one manifest that the command line names.
func (f *fileArg) name(cmd *cobra.Command, args []string) (string, error) {
	if f.flag != "" {
		args = append(args, f.flag)
	}
	switch len(args) {
	case 0:
		return "", usage(fmt.Errorf("%s: which manifest? FILE is missing", cmd.Name()), usageLine(cmd))
	case 1:
		if args[0] == "" {
			return "", usage(fmt.Errorf("%s: the manifest's name is empty", cmd.Name()), "is a variable of your shell not set?")
		}
		return args[0], nil
	}
	return "", usage(fmt.Errorf("%s: one manifest at a time, not %d: %s", cmd.Name(), len(args), strings.Join(args, " ")), usageLine(cmd))
}

// complain prints an error as "bbbatch: what, where" and its hint on a line of
// its own.
func complain(w io.Writer, err error) {
	var problems manifest.Problems
	var f *failure
	switch {
	case errors.Is(err, errTold):
	case errors.As(err, &problems):
		for _, p := range problems {
			complainOf(w, p)
		}
		return
	case errors.As(err, &f):
		say(w, "bbbatch: "+f.Error(), f.hint)
	default:
		say(w, "bbbatch: "+err.Error(), "")
	}
}

// complainOf prints one problem of a manifest.
func complainOf(w io.Writer, p manifest.Problem) {
	line := "bbbatch: " + p.Error()
	if p.Warning {
		line = "bbbatch: warning: " + p.Error()
	}
	say(w, line, p.Hint)
}

// say prints lines that may hold text from outside.
func say(w io.Writer, line, hint string) {
	if p, ok := w.(*patient); ok && p.console.json.Load() {
		_, _ = io.WriteString(w, report.Clean(string(asObject(line, hint)))+"\n")
		return
	}
	lines := strings.Split(line, "\n")
	for i := range lines {
		lines[i] = report.Clean(lines[i])
	}
	text := strings.Join(lines, "\n") + "\n"
	if hint != "" {
		text += "hint: " + report.Clean(hint) + "\n"
	}
	_, _ = io.WriteString(w, text) // nobody is left to tell
}
