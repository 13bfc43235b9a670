package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/schema"
)

// parseError gives an error of the command line's parser our words and a hint.
// An error that came from elsewhere is returned as it is.
func parseError(root, cmd *cobra.Command, err error) error {
	help := fmt.Sprintf("see %s --help", cmd.CommandPath())
	var missing *pflag.NotExistError
	var valueless *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var syntax *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &missing):
		return unknownFlag(root, cmd, missing)
	case errors.As(err, &invalid):
		return usage(fmt.Errorf("--%s: %s", invalid.GetFlag().Name, valueError(invalid)), firstOf(valueHint(invalid), help))
	case errors.As(err, &valueless):
		what, _ := pflag.UnquoteUsage(valueless.GetFlag())
		return usage(fmt.Errorf("--%s: the value is missing", valueless.GetFlag().Name), fmt.Sprintf("write --%s %s", valueless.GetFlag().Name, firstOf(what, "VALUE")))
	case errors.As(err, &syntax):
		return usage(fmt.Errorf("%q is no flag", syntax.GetSpecifiedFlag()), help)
	}
	return err
}

// unknownFlag names the flag that was meant: one with a similar name, or the
// same one of another command.
func unknownFlag(root, cmd *cobra.Command, missing *pflag.NotExistError) error {
	name, dashes := missing.GetSpecifiedName(), "--"
	letters := missing.GetSpecifiedShortnames()
	if letters != "" {
		dashes = "-"
	}
	hint := fmt.Sprintf("see %s --help", cmd.CommandPath())
	if near := nearFlag(cmd, name, letters); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	} else if others := commandsWith(root, name, letters != ""); len(others) > 0 {
		hint = fmt.Sprintf("%s%s is a flag of %s", dashes, name, strings.Join(others, ", "))
	}
	return usage(fmt.Errorf("%sunknown flag %s%s", told(cmd), dashes, name), hint)
}

// nearFlag is the flag that a misspelt name is likely to mean, or "": one with
// a similar name, or that begins so, or whose second dash was left out, or the
// letter in the other case.
func nearFlag(cmd *cobra.Command, name, letters string) string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if letters == "" {
		if near := schema.Nearest(name, names); near != "" {
			return "--" + near
		}
		begun := slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, name) })
		if len(begun) == 1 {
			return "--" + begun[0]
		}
		return ""
	}
	word, _, _ := strings.Cut(letters, "=")
	if slices.Contains(names, word) {
		return "--" + word
	}
	for _, letter := range []string{strings.ToLower(name), strings.ToUpper(name)} {
		if letter != name && len(letter) == 1 && cmd.Flags().ShorthandLookup(letter) != nil {
			return "-" + letter
		}
	}
	return ""
}

// commandsWith lists the commands that have a flag.
func commandsWith(cmd *cobra.Command, name string, short bool) (paths []string) {
	has := cmd.Flags().Lookup(name) != nil
	if short {
		has = len(name) == 1 && cmd.Flags().ShorthandLookup(name) != nil
	}
	if has && cmd.IsAvailableCommand() {
		paths = append(paths, pathOf(cmd))
	}
	for _, c := range cmd.Commands() {
		paths = append(paths, commandsWith(c, name, short)...)
	}
	return paths
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

// valueHint is what a wrong value was likely meant to be, or "".
func valueHint(e *pflag.InvalidValueError) string {
	value := e.GetValue()
	if c, ok := e.GetFlag().Value.(*choice); ok {
		if near := schema.Nearest(value, c.words); near != "" {
			return fmt.Sprintf("did you mean %s?", near)
		}
	}
	if _, err := strconv.ParseFloat(value, 64); err == nil && e.GetFlag().Value.Type() == "duration" {
		return fmt.Sprintf("did you mean %ss?", value)
	}
	return ""
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
