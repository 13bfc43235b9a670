package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bbbatch/bbbatch/internal/manifest"
)

// What a shell is offered at most, and how long it waits for it: a person has
// pressed a key.
const (
	completeMost = 500
	completeFor  = 200 * time.Millisecond
)

// completeTasks completes the manifest's file name, and the flags of the
// command that take an id or a tag from the manifest that is named already.
func completeTasks(cmd *cobra.Command, file *fileArg) {
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 || file.flag != "" {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return manifestExtensions(), cobra.ShellCompDirectiveFilterFileExt
	}
	complete := func(flag string, words func(id string, tags []string) []string) {
		if cmd.Flags().Lookup(flag) == nil {
			return
		}
		// The only error is a second registration, which would be a bug that the
		// tests of the completion see.
		_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
			return wordsOf(file, args, prefix, words), cobra.ShellCompDirectiveNoFileComp
		})
	}
	ids := func(id string, _ []string) []string { return []string{id} }
	complete("select", ids)
	complete("render", ids)
	completeParams(cmd, file.orFirst)
	complete("tag", func(_ string, tags []string) []string { return tags })
	_ = cmd.MarkFlagFilename("file", manifestExtensions()...) // as above
}

// orFirst is the manifest that a command line names which is still being typed,
// or "".
func (f *fileArg) orFirst(args []string) string {
	if f.flag == "" && len(args) > 0 {
		return args[0]
	}
	return f.flag
}

func manifestExtensions() []string { return []string{"yaml", "yml"} }

// wordsOf returns the words with a prefix that the tasks of a manifest give.
// Nothing is said of a manifest that is wrong, and standard input is not read.
func wordsOf(file *fileArg, args []string, prefix string, of func(id string, tags []string) []string) []string {
	path := file.orFirst(args)
	if !isRegular(path) {
		return nil
	}
	until := time.Now().Add(completeFor)
	var words []string
	for id, tags := range manifest.Names(path) {
		for _, w := range of(id, tags) {
			if w != "" && strings.HasPrefix(w, prefix) && !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
		if len(words) >= completeMost || time.Now().After(until) {
			break
		}
	}
	return words
}
