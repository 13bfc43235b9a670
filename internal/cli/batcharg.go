package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/internal/manifest"
)

// aboutBatch is what the help of every command says that takes a batch.
const aboutBatch = `BATCH is an id, the beginning of one, the KEY of apply --batch, a baseline's NAME,
"latest" (the default) or "latest~1" for the one before, and so on. A manifest's
FILE stands for the latest batch of that manifest, in the ledger beside it.`

// A batchArg is how a command is told a batch of a ledger.
type batchArg struct {
	file  string // a manifest: its ledger and its name
	state string
}

// besideBatch is the annotation of a flag --file that stands beside a BATCH, and
// batchFlag the flag that a command has where its argument is not the batch.
const (
	besideBatch = "beside a batch"
	batchFlag   = "batch"
)

func (a *batchArg) define(flags *pflag.FlagSet) {
	flags.StringVarP(&a.file, fileFlag, "f", "", "the batches of a manifest, `FILE`, in the ledger beside it")
	flags.Lookup(fileFlag).Annotations = map[string][]string{besideBatch: {"true"}}
	stateVar(flags, &a.state)
}

func stateVar(flags *pflag.FlagSet, state *string) {
	flags.StringVar(state, "state", "", "`DIR` of the ledger (default: .bbbatch beside the manifest, or here)")
}

// atMostOne wants no more than one argument, which is what.
func atMostOne(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usage(fmt.Errorf("%s: one %s at a time, not %d: %s", c.Name(), what, len(args), strings.Join(args, " ")), c.UseLine())
		}
		return nil
	}
}

// A foundBatch is a batch of a ledger that is open for reading.
type foundBatch struct {
	*ledger.Batch
	reader *ledger.Reader
	state  string // the folder as commands name it
	file   string // the manifest that the command line names, or ""
	lookup func(name string) (string, bool)
}

func (b *foundBatch) close() error { return b.reader.Close() }

// open finds the batch that the command line names.
func (a *batchArg) open(sys Sys, args []string) (*foundBatch, error) {
	which := "latest"
	if len(args) > 0 {
		which = args[0]
	}
	file := a.file
	if isManifest(which) {
		if file != "" {
			return nil, usage(fmt.Errorf("%s and --file %s: one manifest at a time", which, file), "")
		}
		file, which = which, "latest"
	}
	name, state, err := ledgerOf(sys, file, a.state)
	if err != nil {
		return nil, err
	}
	reader, err := openLedger(state)
	if err != nil {
		return nil, err
	}
	b, err := findBatch(reader, which, name)
	if err != nil {
		return nil, also(err, reader.Close())
	}
	return &foundBatch{b, reader, state, file, sys.lookup}, nil
}

// isManifest reports whether an argument that may be a batch is a file.
func isManifest(arg string) bool { return arg == "-" || isFile(arg) }

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// isRegular reports whether a path leads to a file that can be read without
// waiting, as a pipe can't: what a shell completes must not hang.
func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// ledgerOf returns the folder of a ledger, and the name of the batches that are
// meant: a manifest's, or "" for all.
func ledgerOf(sys Sys, file, state string) (name, folder string, err error) {
	beside := "."
	if file != "" {
		if name, err = manifest.NameIn(file, manifest.Options{Stdin: sys.Stdin}); err != nil {
			return "", "", &failure{code: exitUsage, err: err}
		}
		if file != "-" {
			beside = filepath.Dir(file)
		}
	}
	if state == "" {
		state = filepath.Join(beside, stateFolder)
	}
	return name, state, nil
}

// openLedger opens a ledger to look at it.
func openLedger(state string) (*ledger.Reader, error) {
	r, err := ledger.OpenReader(state)
	if errors.Is(err, ledger.ErrNoLedger) {
		return nil, usage(fmt.Errorf("%s: %w", state, ledger.ErrNoLedger), "run it where apply ran, name the manifest, or give --state DIR")
	}
	if err != nil {
		return nil, usage(fmt.Errorf("the state folder can't be used: %w", err), "--state DIR names another")
	}
	return r, nil
}

// findBatch finds a batch by its id, or by its place among the latest of a name.
func findBatch(r *ledger.Reader, which, name string) (*ledger.Batch, error) {
	back, latest := placeOf(which)
	if !latest {
		return batchNamed(r, which, name)
	}
	b, ok, err := r.Latest(name, back)
	of := ""
	if name != "" {
		of = " of " + name
	}
	switch {
	case err != nil:
		return nil, err
	case ok:
		return b, nil
	case back == 0:
		return nil, usage(fmt.Errorf("there is no batch%s yet", of), "bbbatch apply makes one")
	}
	return nil, usage(fmt.Errorf("%s: there are not so many batches%s", which, of), "bbbatch list shows them")
}

// placeOf reads "latest" and "latest~1".
func placeOf(which string) (back int, ok bool) {
	if which == "latest" {
		return 0, true
	}
	digits, ok := strings.CutPrefix(which, "latest~")
	if !ok {
		return 0, false
	}
	back, err := strconv.Atoi(digits)
	return back, err == nil && back >= 0
}

// batchNamed finds a batch by the key that it was opened with, by the name of a
// baseline, or by its id. Key and name may look like the beginning of an id: then
// they are what they are.
func batchNamed(r *ledger.Reader, which, name string) (*ledger.Batch, error) {
	found, err := r.ByLabel(name, which)
	if err != nil {
		return nil, err
	}
	if b, ok, err := r.Baseline(which); err != nil {
		return nil, err
	} else if ok && !slices.ContainsFunc(found, func(f *ledger.Batch) bool { return f.ID() == b.ID() }) {
		found = append(found, b)
	}
	if len(found) == 0 {
		return batchByID(r, which)
	}
	if b, err := r.Batch(which); err == nil && b.ID() == which && b.ID() != found[0].ID() {
		found = append(found, b)
	}
	if len(found) == 1 {
		return found[0], nil
	}
	several := &ledger.AmbiguousError{Prefix: which}
	for _, b := range found {
		several.IDs = append(several.IDs, b.ID())
	}
	return nil, usage(several, "give the id, or name the manifest with --file")
}

func batchByID(r *ledger.Reader, which string) (*ledger.Batch, error) {
	b, err := r.Batch(which)
	var several *ledger.AmbiguousError
	switch {
	case err == nil:
		return b, nil
	case errors.As(err, &several):
		return nil, usage(err, "give more of the id")
	case errors.Is(err, ledger.ErrNoBatch):
		if strings.ContainsAny(which, `/\`) || strings.Contains(which, ".") {
			return nil, usage(fmt.Errorf("%s: there is no such file, and no such batch", which), "")
		}
		return nil, usage(err, "bbbatch list shows the batches")
	}
	return nil, err
}

// withState adds to a command what names its ledger.
func withState(words []string, state string) []string {
	if state != stateFolder {
		words = append(words, "--state", state)
	}
	return words
}

// complete offers batches to a shell, and leaves files to it.
func (a *batchArg) complete(sys Sys) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.batches(sys, prefix), cobra.ShellCompDirectiveDefault
	}
}

// batches are the ids that begin with prefix, described. It says nothing of
// what goes wrong.
func (a *batchArg) batches(sys Sys, prefix string) (words []cobra.Completion) {
	r, name := a.quietly(sys)
	if r == nil {
		return nil
	}
	defer func() { _ = r.Close() }()
	for b, err := range r.Batches(name, noTime) {
		if err != nil || len(words) == completeMost {
			break
		}
		info, err := b.Info()
		if err != nil {
			break
		}
		word := b.ID()
		if info.Label != "" && !strings.HasPrefix(word, prefix) {
			word = info.Label
		}
		if !strings.HasPrefix(word, prefix) {
			continue
		}
		state := ", unfinished"
		if !info.ClosedAt.IsZero() {
			state = ""
		}
		words = append(words, cobra.CompletionWithDesc(word, fmt.Sprintf("%s, %s, %s%s", info.Name, clock(info.OpenedAt), plural(info.Total, "task"), state)))
	}
	if len(words) > 0 && strings.HasPrefix("latest", prefix) {
		words = append(words, cobra.CompletionWithDesc("latest", "the newest"))
	}
	return words
}

// quietly opens the ledger for a shell that completes: nil where there is none.
func (a *batchArg) quietly(sys Sys) (r *ledger.Reader, name string) {
	sys.Stderr = io.Discard
	file, state := a.orEnvironment(sys)
	if file != "" && !isRegular(file) {
		return nil, ""
	}
	name, state, err := ledgerOf(sys, file, state)
	if err != nil {
		return nil, ""
	}
	r, err = ledger.OpenReader(state)
	if err != nil {
		return nil, ""
	}
	return r, name
}

// orEnvironment returns the flags, or the variables that stand for them: a
// shell that completes does not have them bound.
func (a *batchArg) orEnvironment(sys Sys) (file, state string) {
	return cmp.Or(a.file, sys.Getenv(variableOf("file"))), cmp.Or(a.state, sys.Getenv(variableOf("state")))
}

// completeNames offers the names of batches.
func completeNames(sys Sys, state *string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		a := batchArg{state: *state}
		r, _ := a.quietly(sys)
		if r == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer func() { _ = r.Close() }()
		names, err := r.Names(completeMost)
		if err != nil {
			names = nil
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// besideManifest reports whether apply finds the ledger by the manifest's path
// alone.
func (b *foundBatch) besideManifest(path string) bool {
	return filepath.Join(filepath.Dir(path), stateFolder) == filepath.Clean(b.state)
}
