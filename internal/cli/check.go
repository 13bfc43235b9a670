package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

type checkFlags struct {
	file    fileArg
	envFile string
	part    selection
	render  string
	json    bool
}

func newCheck(sys Sys) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Check a manifest; sends nothing and needs no key",
		Long: `Check a manifest: load it, compile every schema, expand every row of its data
files. Nothing is sent, no key is needed and no secret is read; secrets that
are not set are named as warnings. FILE "-" is standard input.

Every problem is printed at once, in file order, as FILE:LINE:COLUMN: WHERE: WHAT.
With --json they go to standard output as
  {"ok":…,"tasks":N,"selected":N,"skipped":N,"problems":[{"file":…,"line":N,
   "column":N,"path":…,"message":…,"hint":…,"warning":…}]}
where selected is there with a selection, skipped where tasks are, and a line or
column of 0 means the whole of what is around it.

--select, --tag and --limit show what apply would run; the whole manifest is
checked all the same. --render prints the one request that would create the run
of a task, its body as it would be sent but for the secrets, which are masked,
and the id of the batch, which is not known yet.

Exit codes:
  0    the manifest is right
  2    it is not, or no task is selected`,
		Example: `  bbbatch check tasks.yaml
  bbbatch check tasks.yaml --tag nightly
  bbbatch check tasks.yaml --render sku-007 | jq .body
  bbbatch check - --json < tasks.yaml | jq -r .problems[].message`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			name, err := f.file.name(c, args)
			if err != nil {
				return err
			}
			rendering := c.Flags().Changed("render")
			if rendering && (f.json || f.part.given()) {
				return usage(errors.New("--render: shows one task and goes without --select, --tag, --limit and --json"), "")
			}
			if rendering && f.render == "" {
				return wrongFlag("render", errors.New("must not be empty"), "is a variable of your shell not set?")
			}
			f.part.rows = newRows(sys)
			defer f.part.rows.remove()
			if f.json {
				return checkJSON(sys, &f, name)
			}
			m, err := f.part.load(sys, name)
			if err != nil {
				return err
			}
			if rendering {
				return render(sys, m, f.render)
			}
			if wrong := refused(sys, m); len(wrong) > 0 {
				return &failure{code: exitUsage, err: wrong}
			}
			for _, p := range warned(sys, m) {
				complainOf(sys.Stderr, p)
			}
			part, err := f.part.of(sys, m)
			if err != nil {
				return err
			}
			tasks, err := f.part.howMany(part)
			if err != nil {
				return err
			}
			skipped, err := f.part.skipped(part)
			if err != nil {
				return err
			}
			if skipped > 0 {
				tasks += fmt.Sprintf(", %s of them skipped", report.Count(skipped))
			}
			_, err = fmt.Fprintf(sys.stdout(), "%s: ok: %s\n", m.File, tasks)
			return unlessGone(err)
		},
	}
	flagGroup(cmd, "Manifest", func(flags *pflag.FlagSet) {
		f.file.define(flags)
		f.part.define(flags)
		envFileVar(flags, &f.envFile)
	})
	flagGroup(cmd, groupOutput, func(flags *pflag.FlagSet) {
		flags.StringVar(&f.render, "render", "", "print the request that creates the run of the task `ID`, as JSON")
		flags.BoolVar(&f.json, "json", false, "print what was found as JSON")
	})
	completeTasks(cmd, &f.file)
	return cmd
}

// load reads a manifest as the command line says, and prints its warnings. Its
// problems are usage errors.
func (s *selection) load(sys Sys, path string) (*manifest.Manifest, error) {
	m, err := s.read(sys, path)
	if err != nil {
		return nil, orUsage(err)
	}
	for _, w := range m.Warnings {
		complainOf(sys.Stderr, w)
	}
	return m, nil
}

func (s *selection) read(sys Sys, path string) (*manifest.Manifest, error) {
	if s.repeat > manifest.RepeatMost {
		return nil, wrongFlag("repeat", fmt.Errorf("must be at most %d, not %d", manifest.RepeatMost, s.repeat), "")
	}
	o := manifest.Options{Stdin: sys.Stdin, Dir: ".", Repeat: s.repeat, Env: sys.lookup}
	if err := s.params.into(&o, path); err != nil {
		return nil, err
	}
	if s.rows != nil && path != "-" {
		o.Rows = s.rows.spool
	}
	m, err := manifest.Load(path, o)
	if s.rows != nil && s.rows.failed != nil {
		return nil, s.rows.failed
	}
	if err != nil {
		return nil, s.params.blame(err)
	}
	s.params.given = m.Given
	return m, nil
}

// refused returns what apply would refuse in a manifest that is right in
// itself: that it has no task, and reports that would replace what it is made
// of. Apply looks at those when it knows the batch, and not at all with -o.
func refused(sys Sys, m *manifest.Manifest) (out manifest.Problems) {
	inputs := m.Inputs()
	for i, r := range m.Reports {
		path, err := r.PathFor("", sys.Now())
		if err != nil || path == report.Stdout {
			continue
		}
		if in := firstOf(inputAt(inputs, path), inputAt(inputs, report.PartialName(path))); in != "" {
			out = append(out, manifest.Problem{
				File: m.File, Line: r.Line, Column: r.Column, Path: fmt.Sprintf("reports[%d].path", i),
				Message: fmt.Sprintf("a report would replace %s, which the batch is made of", in),
				Hint:    "give the report a path of its own",
			})
		}
	}
	if m.Total == 0 {
		out = append(out, noTasks(m))
	}
	for _, p := range baselineProblems(m) {
		if !p.Warning {
			out = append(out, p)
		}
	}
	return out
}

// baselineProblems tell that there is nothing to compare with. Where no ledger is
// beside the manifest yet, a name is a warning: apply may be told another ledger.
func baselineProblems(m *manifest.Manifest) manifest.Problems {
	state := stateOf(m.File, "")
	err := missingBaseline(m, state)
	var out manifest.Problems
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &out):
		out = manifest.Problems{{File: m.File, Line: m.Baseline.Line, Column: m.Baseline.Column, Path: "baseline.from", Message: err.Error()}}
	}
	if _, e := os.Stat(state); e != nil && !isReport(m.Baseline.From) {
		for i := range out {
			out[i].Warning = out[i].Path == "baseline.from"
		}
	}
	return out
}

// warned are what is no error, and would be told by an apply.
func warned(sys Sys, m *manifest.Manifest) []manifest.Problem {
	out := unsetSecrets(sys, m)
	if m.Baseline != nil && !isReport(m.Baseline.From) { // a report was read whole before, and its lack is an error
		for _, p := range baselineProblems(m) {
			if p.Warning {
				out = append(out, p)
			}
		}
	}
	if m.Notify != nil {
		if err := notifyCommand(sys, m).Check(); err != nil {
			out = append(out, manifest.Problem{
				File: m.File, Path: "notify.command", Message: m.Notify.Command[0] + ": " + err.Error(),
				Hint: "nobody would be told how the batch ended", Warning: true,
			})
		}
	}
	return out
}

func noTasks(m *manifest.Manifest) manifest.Problem {
	return manifest.Problem{File: m.File, Message: "there is no task to run", Hint: "is a data file empty?"}
}

// unsetSecrets warns of the secrets that apply would miss.
func unsetSecrets(sys Sys, m *manifest.Manifest) []manifest.Problem {
	var out []manifest.Problem
	names := m.UsedSecrets()
	if m.KeySecret != "" && !slices.Contains(names, m.KeySecret) {
		names = append(names, m.KeySecret)
	}
	for _, name := range names {
		if sys.Getenv(name) == "" {
			out = append(out, manifest.Problem{
				File: m.File, Message: fmt.Sprintf("the secret %s is not set", name),
				Hint: "apply will need it in the environment", Warning: true,
			})
		}
	}
	return out
}
