package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/schema"
)

// variablePrefix is what the names of the variables that stand for flags begin
// with.
const variablePrefix = "BBBATCH_"

// variableOf is the name of the variable that stands for a flag.
func variableOf(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// variableKey is the annotation of a flag that names the variable which gave
// its value.
const variableKey = "variable"

// nameVariable makes an error about a flag name the variable, where that gave
// the value.
func nameVariable(cmd *cobra.Command, err error) {
	var wrong *flagError
	if !errors.As(err, &wrong) {
		return
	}
	if f := cmd.Flags().Lookup(wrong.flag); f != nil && len(f.Annotations[variableKey]) > 0 {
		wrong.from = f.Annotations[variableKey][0]
	}
}

// An environment is the process's own, and behind it what --env-file names. An
// empty variable is one that is not set.
type environment struct {
	process func(string) string
	file    map[string]string
}

func (e *environment) get(name string) string {
	if v := e.process(name); v != "" {
		return v
	}
	return e.file[name]
}

// entries lists what the file of --env-file sets, without the values.
func (e *environment) entries() []string {
	return slices.Sorted(maps.Keys(e.file))
}

// bind gives every flag that the command line leaves out the value of its
// variable, after the file of --env-file was read. args are the arguments
// beside the flags: FILE among them counts as the flag --file.
func (e *environment) bind(cmd *cobra.Command, args []string) error {
	if f := cmd.Flags().Lookup("env-file"); f != nil {
		if err := e.bindFlag(cmd.Flags(), f); err != nil {
			return err
		}
		if path := f.Value.String(); path != "" {
			if err := e.load(path); err != nil {
				return err
			}
		}
	}
	var first error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == fileFlag && namesManifest(cmd, f, args) {
			return
		}
		if first == nil {
			first = e.bindFlag(cmd.Flags(), f)
		}
	})
	return first
}

// namesManifest reports whether a command line has a manifest beside the flag
// --file. What may be a batch is one only when there is such a file.
func namesManifest(cmd *cobra.Command, file *pflag.Flag, args []string) bool {
	if len(file.Annotations[besideBatch]) > 0 {
		if which := cmd.Flags().Lookup(batchFlag); which != nil { // the arguments are something else
			return isManifest(which.Value.String())
		}
		return len(args) > 0 && isManifest(args[0])
	}
	return len(args) > 0
}

func (e *environment) bindFlag(flags *pflag.FlagSet, f *pflag.Flag) error {
	name := variableOf(f.Name)
	value := e.get(name)
	if len(f.Annotations[groupKey]) == 0 || f.Changed || value == "" {
		return nil
	}
	f.Annotations[variableKey] = []string{name}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		f.Changed = true
		return list.Replace(listOf(value))
	}
	err := flags.Set(f.Name, value)
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return usage(fmt.Errorf("%s: %s", name, valueError(invalid)), fmt.Sprintf("the environment variable stands for --%s", f.Name))
	}
	return err
}

// listOf are the values of a variable that stands for a repeatable flag: one to a
// line where it has several lines, so that a value may have a comma, else between
// commas.
func listOf(value string) []string {
	if !strings.ContainsAny(value, "\r\n") {
		values := strings.Split(value, ",")
		for i := range values {
			values[i] = strings.TrimSpace(values[i])
		}
		return values
	}
	var values []string
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); line != "" {
			values = append(values, line)
		}
	}
	return values
}

// envFileVar defines --env-file, which bind reads.
func envFileVar(flags *pflag.FlagSet, path *string) {
	flags.StringVar(path, "env-file", "", "read variables that the environment lacks, such as keys and secrets, from `FILE`")
}

// maxEnvFile bounds what is read of the file of --env-file, which may be a pipe.
const maxEnvFile = 1 << 20

// load reads the file of --env-file.
func (e *environment) load(path string) error {
	text, err := readAtMost(path, maxEnvFile)
	if err != nil {
		return wrongFlag("env-file", err, "")
	}
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return wrongFlag("env-file", fmt.Errorf("%s: is not UTF-8 text", path), "")
	}
	if e.file, err = parseEnvFile(string(text)); err != nil {
		return wrongFlag("env-file", fmt.Errorf("%s:%w", path, err), "a line is NAME=value, NAME='value', NAME=\"value\" or a # comment")
	}
	return nil
}

func readAtMost(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s: is larger than 1 MB", path)
	}
	return text, err
}

// misspelt returns what to say of variables that look like ours and are none.
func misspelt(root *cobra.Command, environ []string) []string {
	known := flagVariables(root)
	var found []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		rest, ours := strings.CutPrefix(name, variablePrefix)
		if !ours || slices.Contains(known, rest) {
			continue
		}
		if near := schema.Nearest(rest, known); near != "" {
			found = append(found, fmt.Sprintf("the variable %s stands for no flag; did you mean %s?", name, variablePrefix+near))
		}
	}
	return slices.Compact(found)
}

// flagVariables lists the variables of every flag of every command, without
// their prefix.
func flagVariables(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if len(f.Annotations[groupKey]) > 0 {
			names = append(names, strings.TrimPrefix(variableOf(f.Name), variablePrefix))
		}
	})
	for _, c := range cmd.Commands() {
		names = append(names, flagVariables(c)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
