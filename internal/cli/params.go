package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/internal/manifest"
)

// A paramFlags is what a command line says of the parameters of a manifest.
type paramFlags struct {
	list []string // NAME=VALUE
	file string

	flags *pflag.FlagSet // that have them

	stored json.RawMessage // those of the batch that the manifest is read for; nil for none
	given  []string        // of the manifest that was read: the values that are not the defaults
}

// The names of the flags.
const (
	paramFlag  = "param"
	paramsFlag = "params-file"
)

func (p *paramFlags) define(flags *pflag.FlagSet) {
	p.flags = flags
	flags.StringArrayVar(&p.list, paramFlag, nil, "give a parameter of the manifest a value: `NAME=VALUE` (repeatable)")
	flags.StringVar(&p.file, paramsFlag, "", "read values of parameters from `FILE`, a YAML or JSON map; --param outweighs it")
}

// typed reports whether the command line itself names a value: what a variable
// says is meant for other commands too.
func (p *paramFlags) typed() bool {
	return len(p.list) > 0 && p.variable(paramFlag) == "" || p.file != "" && p.variable(paramsFlag) == ""
}

// variable is the variable that gave a flag its value; "" where none did.
func (p *paramFlags) variable(flag string) string {
	if p.flags == nil {
		return ""
	}
	if f := p.flags.Lookup(flag); f != nil && len(f.Annotations[variableKey]) > 0 {
		return f.Annotations[variableKey][0]
	}
	return ""
}

// blame makes problems with a value name the variable that it is from.
func (p *paramFlags) blame(err error) error {
	var wrong manifest.Problems
	variable := p.variable(paramFlag)
	if variable == "" || !errors.As(err, &wrong) {
		return err
	}
	for i := range wrong {
		if name, ok := strings.CutPrefix(wrong[i].File, "--"+paramFlag+" "); ok {
			wrong[i].File = variable + ": " + name
		}
	}
	return wrong
}

// values are those that --param gives, by name.
func (p *paramFlags) values() (map[string]string, error) {
	values := make(map[string]string, len(p.list))
	for _, word := range p.list {
		name, value, found := strings.Cut(word, "=")
		switch {
		case !found:
			return nil, wrongFlag(paramFlag, fmt.Errorf("%q has no =", word), "write --param NAME=VALUE")
		case name == "":
			return nil, wrongFlag(paramFlag, fmt.Errorf("%q has no name before the =", word), "write --param NAME=VALUE")
		case !utf8.ValidString(word):
			return nil, wrongFlag(paramFlag, fmt.Errorf("%q: must be UTF-8 text", word), "")
		}
		if _, twice := values[name]; twice {
			return nil, wrongFlag(paramFlag, fmt.Errorf("%s is given twice", name), "leave out one of the two")
		}
		values[name] = value
	}
	return values, nil
}

// into adds the parameters to how the manifest at path is read: those of its
// batch too, where it still declares them and the command line does not say
// otherwise.
func (p *paramFlags) into(o *manifest.Options, path string) (err error) {
	if o.Params, err = p.values(); err != nil {
		return err
	}
	o.ParamsFile = p.file
	if len(p.stored) == 0 {
		return nil
	}
	stored, err := paramTexts(p.stored)
	if err != nil {
		return fmt.Errorf("the stored parameters of the batch: %w", err)
	}
	if readsAway(p.file) {
		return wrongFlag(paramsFlag, fmt.Errorf("%s: %w", p.file, errReadAway), writeItDown)
	}
	if readsAway(path) {
		return usage(fmt.Errorf("%s: %w", path, errReadAway), writeItDown)
	}
	look := *o
	if path == "-" && o.Stdin != nil {
		text, err := io.ReadAll(io.LimitReader(o.Stdin, 64<<20+1)) // the manifest package has a bound of its own
		if err != nil {
			return err
		}
		o.Stdin, look.Stdin = bytes.NewReader(text), bytes.NewReader(text)
	}
	inFile := manifest.KeysIn(p.file)
	for _, declared := range manifest.ParamsIn(path, look) {
		value, kept := stored[declared.Name]
		if _, said := o.Params[declared.Name]; kept && !said && !slices.Contains(inFile, declared.Name) {
			o.Params[declared.Name] = value
		}
	}
	return nil
}

// readsAway reports whether a path leads to something, such as a pipe, that has
// its text only once.
func readsAway(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && !info.Mode().IsRegular()
}

var errReadAway = errors.New("must be a regular file here, since it is read more than once")

const writeItDown = "write what it holds into a file, and name that"

// paramTexts are the values of an object as --param takes them: the text of a
// string, and any other value as it is written.
func paramTexts(object json.RawMessage) (map[string]string, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(object, &values); err != nil {
		return nil, err
	}
	texts := make(map[string]string, len(values))
	for name, value := range values {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		texts[name] = text
	}
	return texts, nil
}

// words are the flags that give a manifest the same parameters.
func (p *paramFlags) words() []string {
	var words []string
	for _, value := range p.given {
		words = append(words, "--"+paramFlag+" "+shellWord(value))
	}
	return words
}

var errParamsOfNothing = usage(errors.New("--param and --params-file: give the parameters of the manifest that --manifest names"), "")

// completeParams completes --param with the names that a manifest declares, and
// then with the values that one of them may have. path returns the manifest, or
// "".
func completeParams(cmd *cobra.Command, path func(args []string) string) {
	complete := func(_ *cobra.Command, args []string, prefix string) (words []cobra.Completion, _ cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp
		file := path(args)
		if !isRegular(file) {
			return nil, directive
		}
		name, _, valued := strings.Cut(prefix, "=")
		for _, p := range manifest.ParamsIn(file, manifest.Options{}) {
			switch {
			case strings.ContainsFunc(p.Name, isNoWord):
			case !valued && strings.HasPrefix(p.Name, prefix):
				words = append(words, cobra.CompletionWithDesc(p.Name+"=", oneLine(p.Description)))
			case valued && p.Name == name:
				for _, value := range p.Enum {
					if word := name + "=" + value; strings.HasPrefix(word, prefix) && !strings.ContainsFunc(word, isNoWord) {
						words = append(words, word)
					}
				}
			}
		}
		if valued {
			return words, directive
		}
		return words, directive | cobra.ShellCompDirectiveNoSpace
	}
	// The only error is a second registration.
	_ = cmd.RegisterFlagCompletionFunc(paramFlag, complete)
	_ = cmd.MarkFlagFilename(paramsFlag, "yaml", "yml", "json")
}

// oneLine is a text without line ends, which a shell would take for the next word.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
