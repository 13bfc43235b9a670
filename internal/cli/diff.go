package cli

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/internal/diff"
	"github.com/bbbatch/bbbatch/report"
)

type diffFlags struct {
	which     batchArg
	failOn    []string
	ignore    []string
	tolerance []string
	keys      []string
	format    string
	json      bool
	flags     *pflag.FlagSet
}

func newDiff(sys Sys) *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff BASE [HEAD]",
		Short: "Tell what changed between two batches, or reports of them",
		Long: `Tell what changed from BASE to HEAD. Each is a batch, a baseline's name or a JSONL
report (.jsonl, .ndjson), so that what was good can be a file in a repository;
HEAD is "latest" where it is not given. Tasks are matched by their ids, a
repetition as a whole. Nothing is sent. What changed is of four kinds:

  outcome  a task came to another outcome
  value    a value changed, in the result of a task that passed before and now;
           of a repetition: no result that passed has a value that one had before
  keys     a key that every result of a task which passed had before is in none
           now, or its values are of another type
  shape    over all tasks whose results are judged by one schema, or are of one
           entry of the manifest where there is none: a path is absent or null,
           or its values are of a type, equal to the commonest one, or large, in
           more or fewer results than chance explains (p < 0.01 by Fisher's exact
           test, corrected for all tests by Holm's method; 8 results on each side
           at least)

PATH is such as price.amount or items[].sku; a name with a dot in it is written
["like.this"], and "." is the result itself. Without --key the elements of a list
are compared one by one in their order, or as a whole where there are more or
fewer of them. For people the first 20 of each kind are listed.

With --json it is one JSON object: before, now, findings (kind, task, path, was,
is, message, better), shapes (every path, before and now), tests, counts, better,
compared, new, gone, unfinished, unread, unmatched and failed.
` + aboutBatch + `

Exit codes:
  0    nothing was found of what --fail-on names
  2    there is no such batch, baseline or report, or the report is broken
  3    something was; a task that has passed now, and did not before, is none
  70   an internal error: the ledger could not be read to its end`,
		Example: `  bbbatch diff latest~1
  bbbatch diff main latest --fail-on outcome,keys,shape
  bbbatch diff baselines/main.jsonl tasks.yaml --ignore checkedAt --tolerance price.amount=0.01
  bbbatch diff main --key items=sku --format markdown >> "$GITHUB_STEP_SUMMARY"`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error { return diffSides(sys, &f, args) },
	}
	flagGroup(cmd, "Comparing", func(flags *pflag.FlagSet) {
		flags.StringSliceVar(&f.failOn, "fail-on", nil, "end with 3 if any of `KINDS` changed: outcome, value, keys, shape")
		flags.StringArrayVar(&f.ignore, "ignore", nil, "do not compare `PATH` and what is below it (repeatable)")
		flags.StringArrayVar(&f.tolerance, "tolerance", nil, "`PATH=X`: numbers there may differ by X (repeatable)")
		flags.StringArrayVar(&f.keys, "key", nil, "`PATH=MEMBER`: the elements of the list there are told apart by MEMBER (repeatable)")
	})
	flagGroup(cmd, groupState, f.which.define)
	flagGroup(cmd, groupOutput, func(flags *pflag.FlagSet) {
		choiceVar(flags, &f.format, "format", "text", "print as `FORMAT`: text, json or markdown", "text", "json", "markdown")
		jsonVar(flags, &f.json)
		f.flags = flags
	})
	complete := f.which.complete(sys)
	cmd.ValidArgsFunction = func(c *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return complete(c, args[:max(len(args)-1, 0)], prefix)
	}
	return cmd
}

// options reads what the flags say of paths, and the kinds that fail.
func (f *diffFlags) options() (o diff.Options, failOn []diff.Kind, err error) {
	o = diff.Options{Ignore: f.ignore, Tolerance: map[string]float64{}, Keys: map[string]string{}}
	for _, pair := range f.tolerance {
		path, text, err := assigned(pair, "X")
		if err != nil {
			return o, nil, wrongFlag("tolerance", err, "")
		}
		by, err := strconv.ParseFloat(text, 64)
		if err != nil || by < 0 || math.IsInf(by, 0) || math.IsNaN(by) {
			return o, nil, wrongFlag("tolerance", fmt.Errorf("%s: must be a number from 0 up, not %q", path, text), "")
		}
		o.Tolerance[path] = by
	}
	for _, pair := range f.keys {
		path, name, err := assigned(pair, "MEMBER")
		if err != nil {
			return o, nil, wrongFlag("key", err, "")
		}
		o.Keys[path] = name
	}
	if err := o.Check(); err != nil {
		return o, nil, usage(err, "")
	}
	failOn, err = kindsOf(f.failOn)
	if err != nil {
		return o, nil, wrongFlag("fail-on", err, "")
	}
	if f.json && f.typed("json") && f.typed("format") && f.format != "json" {
		return o, nil, usage(fmt.Errorf("--json and --format %s: one or the other", f.format), "")
	}
	if f.json && !f.typed("format") {
		f.format = "json"
	}
	return o, failOn, nil
}

// typed reports whether a flag is on the command line itself.
func (f *diffFlags) typed(name string) bool {
	flag := f.flags.Lookup(name)
	return flag.Changed && len(flag.Annotations[variableKey]) == 0
}

// assigned takes PATH=VALUE apart; the path may hold a "=".
func assigned(pair, value string) (path, text string, err error) {
	at := strings.LastIndexByte(pair, '=')
	if at < 1 || at == len(pair)-1 {
		return "", "", fmt.Errorf("must be PATH=%s, not %q", value, pair)
	}
	return pair[:at], pair[at+1:], nil
}

// kindsOf reads the names of kinds.
func kindsOf(words []string) (kinds []diff.Kind, err error) {
	for _, word := range words {
		k := diff.Kind(strings.TrimSpace(word))
		if !slices.Contains(diff.Kinds[:], k) {
			return nil, fmt.Errorf("must be of outcome, value, keys and shape, not %q", word)
		}
		kinds = append(kinds, k)
	}
	return kinds, nil
}

// A diffSide is one side of a comparison that is open.
type diffSide struct {
	diff.Source
	about diff.Side
	close func() error
}

// isReport reports whether a word names a JSONL report.
func isReport(word string) bool {
	ext := strings.ToLower(filepath.Ext(word))
	return ext == ".jsonl" || ext == ".ndjson"
}

// openSide opens the batch or the report that a word names.
func openSide(sys Sys, which *batchArg, word string) (*diffSide, error) {
	if isReport(word) {
		file, err := diff.OpenFile(word)
		if err != nil {
			return nil, usage(err, "")
		}
		return &diffSide{file, diff.Side{File: word}, file.Close}, nil
	}
	if ext := filepath.Ext(word); isFile(word) && slices.Contains([]string{".csv", ".tsv", ".json", ".xml", ".md", ".html"}, ext) {
		return nil, usage(fmt.Errorf("%s: a report that is compared must be JSONL (.jsonl or .ndjson)", word), "bbbatch report BATCH -o NAME.jsonl writes one")
	}
	own := *which
	if isManifest(word) {
		own.file = "" // the word says which
	}
	b, err := own.open(sys, []string{word})
	if err != nil {
		return nil, err
	}
	about, err := aboutSide(b.Batch, b.reader, word)
	if err != nil {
		return nil, also(err, b.close())
	}
	return &diffSide{diff.FromBatch(b.Batch), about, b.close}, nil
}

func diffSides(sys Sys, f *diffFlags, args []string) (err error) {
	o, failOn, err := f.options()
	if err != nil {
		return err
	}
	words := append(slices.Clone(args), "latest")
	base, err := openSide(sys, &f.which, words[0])
	if err != nil {
		return err
	}
	defer func() { err = also(err, base.close()) }()
	head, err := openSide(sys, &f.which, words[1])
	if err != nil {
		return err
	}
	defer func() { err = also(err, head.close()) }()
	result, err := printDiff(sys, f.format, base, head, o, failOn)
	var broken *diff.FileError
	switch {
	case errors.As(err, &broken):
		return usage(err, "")
	case isGone(err):
		return nil
	case err != nil:
		return err
	}
	if failed := result.Fails(failOn); len(failed) > 0 {
		say(sys.Stderr, "--fail-on: "+kindWords(failed)+" changed", "")
		return &failure{code: exitInvalid, err: errTold}
	}
	return nil
}

func kindWords(kinds []diff.Kind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return join(words)
}

// widestLine is how wide a line may be where no terminal has a width.
const widestLine = 500

// printDiff compares, and prints what was found: as JSON while it is found, and
// else at the end.
func printDiff(sys Sys, format string, base, head *diffSide, o diff.Options, failOn []diff.Kind) (*diff.Result, error) {
	out := sys.stdout()
	if format == "json" {
		doc := diff.NewDocument(out, base.about, head.about)
		result, err := diff.Compare(base.Source, head.Source, o, doc.Add)
		if err != nil {
			return nil, err
		}
		return result, doc.Close(result, result.Fails(failOn))
	}
	result, err := diff.Compare(base.Source, head.Source, o, nil)
	if err != nil {
		return nil, err
	}
	if format == "markdown" {
		return result, result.Markdown(out, base.about, head.about)
	}
	width := sys.outWidth()
	if width == 0 {
		width = widestLine
	}
	result.Text(base.about, head.about, func(line string) {
		if err == nil {
			_, err = fmt.Fprintln(out, report.Fit(line, width))
		}
	})
	return result, err
}
