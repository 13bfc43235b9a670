package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

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

// bind gives every flag that the command line leaves out the value of its
// variable, after the file of --env-file was read.
func (e *environment) bind(cmd *cobra.Command) error {
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
		if first == nil {
			first = e.bindFlag(cmd.Flags(), f)
		}
	})
	return first
}

func (e *environment) bindFlag(flags *pflag.FlagSet, f *pflag.Flag) error {
	name := variableOf(f.Name)
	value := e.get(name)
	if len(f.Annotations[groupKey]) == 0 || f.Changed || value == "" {
		return nil
	}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		f.Changed = true
		return list.Replace(strings.Split(value, ","))
	}
	err := flags.Set(f.Name, value)
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return usage(fmt.Errorf("%s: %s", name, valueError(invalid)), fmt.Sprintf("the environment variable stands for --%s", f.Name))
	}
	return err
}

// envFileVar defines --env-file, which bind reads.
func envFileVar(flags *pflag.FlagSet, path *string) {
	flags.StringVar(path, "env-file", "", "read variables that the environment lacks, such as keys and secrets, from `FILE`")
}

// load reads the file of --env-file.
func (e *environment) load(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return usage(fmt.Errorf("--env-file: %w", err), "")
	}
	if e.file, err = parseEnvFile(string(text)); err != nil {
		return usage(fmt.Errorf("--env-file: %s:%w", path, err), "a line is NAME=value, NAME='value', NAME=\"value\" or a # comment")
	}
	return nil
}

// misspelt returns what to say of variables that look like ours and are none.
func misspelt(root *cobra.Command, environ []string) []string {
	known := flagVariables(root)
	var found []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, variablePrefix) || slices.Contains(known, name) {
			continue
		}
		if near := schema.Nearest(name, known); near != "" {
			found = append(found, fmt.Sprintf("the environment variable %s stands for no flag; did you mean %s?", name, near))
		}
	}
	return found
}

// flagVariables lists the variables of every flag of every command.
func flagVariables(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if len(f.Annotations[groupKey]) > 0 {
			names = append(names, variableOf(f.Name))
		}
	})
	for _, c := range cmd.Commands() {
		names = append(names, flagVariables(c)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
