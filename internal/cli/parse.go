package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/schema"
)

// parseError gives an error of the command line's parser our words and a hint.
// An error that came from elsewhere is returned as it is.
func parseError(root, cmd *cobra.Command, args []string, err error) error {
	help := fmt.Sprintf("see %s --help", cmd.CommandPath())
	var missing *pflag.NotExistError
	var valueless *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var syntax *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &missing):
		if near := nearestFlag(cmd, missing.GetSpecifiedName()); near != "" && missing.GetSpecifiedShortnames() == "" {
			help = fmt.Sprintf("did you mean --%s?", near)
		}
		return usage(err, help)
	case errors.As(err, &invalid):
		return usage(fmt.Errorf("--%s: %s", invalid.GetFlag().Name, valueError(invalid)), help)
	case errors.As(err, &valueless), errors.As(err, &syntax):
		return usage(err, help)
	}
	// cobra's own error for an unknown command has no type.
	if cmd == root && len(args) > 0 {
		if near := root.SuggestionsFor(args[0]); len(near) > 0 {
			help = fmt.Sprintf("did you mean bbbatch %s?", strings.Join(near, " or "))
		}
		return usage(err, help)
	}
	return err
}

// valueError says what a flag takes, without Go's function names.
func valueError(e *pflag.InvalidValueError) string {
	what := e.Unwrap().Error()
	var number *strconv.NumError
	switch e.GetFlag().Value.Type() {
	case "int", "int64":
		switch {
		case !errors.As(e, &number): // it has our words already
		case errors.Is(number.Err, strconv.ErrRange):
			what = fmt.Sprintf("%s is too large a number", e.GetValue())
		default:
			what = fmt.Sprintf("must be a whole number, not %q", e.GetValue())
		}
	case "duration":
		what = fmt.Sprintf("must be a duration such as %s, not %q", 90*time.Second, e.GetValue())
	case "bool":
		what = fmt.Sprintf("must be true or false, not %q", e.GetValue())
	}
	return what
}

// nearestFlag is the flag that a misspelt name is likely to mean, or "".
func nearestFlag(cmd *cobra.Command, name string) string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return schema.Nearest(name, names)
}
