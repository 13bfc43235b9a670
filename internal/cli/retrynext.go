package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/manifest"
)

// notOfApply are the flags of retry that the apply which goes on with it does not
// have, or is told by the batch; a yes to this order is none to the next.
var notOfApply = []string{"where", "plan", fileFlag, "state", "local", "provider-url", "yes", paramFlag, paramsFlag}

// flagsToKeep are the flags of a command line that say how a batch is run. What
// the environment says it says to apply too.
func flagsToKeep(flags *pflag.FlagSet) (words []string) {
	flags.Visit(func(f *pflag.Flag) {
		if slices.Contains(notOfApply, f.Name) || len(f.Annotations[variableKey]) > 0 {
			return
		}
		name := "--" + f.Name
		switch list, many := f.Value.(pflag.SliceValue); {
		case many:
			for _, value := range list.GetSlice() {
				words = append(words, name, value)
			}
		case f.Value.Type() != "bool":
			words = append(words, name, f.Value.String())
		case f.Value.String() == "true":
			words = append(words, name)
		default:
			words = append(words, name+"=false")
		}
	})
	return words
}

// goOn finds the commands that go on with the batch once it was taken up. It is
// apply: another retry would buy again what has failed since. A batch of the
// local server is gone with this process, so that a retry it is.
func (f *retryFlags) goOn(sys Sys, c *cobra.Command, b *foundBatch, m *manifest.Manifest) error {
	if f.retry.info.Provider == "local" {
		return nil
	}
	part, err := shellWords(f.retry.info.Selection)
	if err != nil {
		return err
	}
	words := applyWords(sys, b, f.retry.info, m.File)
	words = slices.Concat(words[:2], part, words[2:], flagsToKeep(c.Flags()))
	newer, ok, err := b.reader.Unfinished(f.retry.info.Name, f.retry.info.Provider, f.retry.info.BaseURL, f.retry.info.Selection)
	if err != nil {
		return err
	}
	if ok && f.retry.info.Label == "" {
		info, err := newer.Info()
		if err != nil {
			return err
		}
		if info.OpenedAt.After(f.retry.info.OpenedAt) {
			f.retry.after = info.ID
		}
	}
	f.retry.rows = f.part.rows.file() != ""
	f.retry.next = againKeeping(sys, words)
	f.collect = commented(collecting(sys, words), f.retry.remark())
	return nil
}

// onward is the command that goes on with the batch, "" where the one that was
// typed does.
func (a *application) onward() string {
	if r := a.flags.retry; r != nil && r.taken {
		return r.next
	}
	return ""
}

// remark is what the command that goes on does besides; "" for nothing.
func (r *retrying) remark() string {
	var remarks []string
	if r == nil {
		return ""
	}
	if n := r.left[batch.NotStarted] + r.left[batch.Pending]; r.where != nil && n > 0 {
		remarks = append(remarks, "runs also what --where did not select: "+countOf(n, "task that has", "tasks that have")+" not started")
	}
	if r.after != "" {
		remarks = append(remarks, "goes on with batch "+r.after+" first, which is newer")
	}
	if r.rows {
		remarks = append(remarks, "takes the same rows on standard input")
	}
	return strings.Join(remarks, "; ")
}

// commented adds a remark to a command as a shell's comment.
func commented(command, remark string) string {
	if remark == "" {
		return command
	}
	return command + "   # " + remark
}

// checkSubmitOnly refuses what could not be collected: the apply that does so
// would start what --where did not select.
func (f *retryFlags) checkSubmitOnly(m *manifest.Manifest) error {
	if n := f.retry.left[batch.NotStarted] + f.retry.left[batch.Pending]; f.submitOnly && f.retry.where != nil && n > 0 {
		return wrongFlag("submit-only", fmt.Errorf("--where leaves %s not started, and the apply that collects the runs would start them", plural(n, "task")), "leave it out, so that the runs are waited for")
	}
	return f.checkService(m)
}
