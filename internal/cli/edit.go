package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

// An edit is what an edited manifest makes of a batch, in numbers.
type edit struct {
	counts  map[batch.Class]int
	left    int // tasks that the manifest had before, and has no more
	back    int // tasks that the manifest has again
	waits   int // tasks that ask something else while they have a run
	again   int // tasks that passed, and are bought again
	perhaps int // of those that wait: they are bought again if they pass
	named   []string
}

// someNamed is how many tasks are named of those that are bought again.
const someNamed = 3

func (e *edit) add(c batch.Change, rerun bool) {
	e.counts[c.Class]++
	switch {
	case c.Class == batch.ClassLeft && !c.Row.Left:
		e.left++
	case c.Class != batch.ClassLeft && c.Row.Left:
		e.back++
	}
	if c.Wait {
		e.waits++
		if rerun {
			e.perhaps++
		}
	}
	if c.Again() {
		if e.again++; len(e.named) < someNamed {
			e.named = append(e.named, c.Task.ID)
		}
	}
}

// changes are what the manifest makes of each task of a batch.
func (a *application) changes(ctx context.Context, b *ledger.Batch) iter.Seq2[batch.Change, error] {
	return batch.Compare(untilDone(ctx, a.manifest.Tasks(nil)), b, a.flags.which.compare(nil))
}

// compare counts what the manifest makes of a batch.
func (a *application) compare(ctx context.Context, b *ledger.Batch) (edit, error) {
	e := edit{counts: map[batch.Class]int{}}
	for c, err := range a.changes(ctx, b) {
		if err != nil {
			return e, describeEdit(err)
		}
		e.add(c, a.flags.which.rerun == rerunChanged)
	}
	return e, nil
}

// words are the edit for people.
func (e edit) words() string {
	var words []string
	for _, w := range []struct {
		n    int
		word string
	}{
		{e.counts[batch.ClassNew], "new"}, {e.counts[batch.ClassChanged], "changed"}, {e.counts[batch.ClassRerun], "run anew"},
		{e.counts[batch.ClassRejudged], "judged again"}, {e.counts[batch.ClassStale], "stale"}, {e.left, "left"}, {e.back, "back"},
	} {
		if w.n > 0 {
			words = append(words, report.Count(w.n)+" "+w.word)
		}
	}
	if len(words) == 0 {
		return "no task asks anything else"
	}
	return strings.Join(words, ", ")
}

// guard hands changes on as long as they buy no more tasks again that passed than
// were asked for, and change none that has a run: a data file may be written at
// any moment.
func guard(changes iter.Seq2[batch.Change, error], asked int) iter.Seq2[batch.Change, error] {
	return func(yield func(batch.Change, error) bool) {
		again := 0
		for c, err := range changes {
			if err == nil && c.Again() {
				again++
			}
			if err == nil && (c.Wait || again > asked) {
				err = &batch.ChangedError{ID: c.Task.ID, Why: "was edited once more"}
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func wasWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// confirmEdit asks before tasks that passed are bought again.
func (a *application) confirmEdit(ctx context.Context, drain <-chan struct{}, e edit) error {
	if e.again+e.perhaps == 0 {
		return nil
	}
	what := fmt.Sprintf("%s that passed would be bought again", plural(e.again, "task"))
	if len(e.named) > 0 {
		what += ": " + join(e.named)
		if more := e.again - len(e.named); more > 0 {
			what += fmt.Sprintf(" and %s more", report.Count(more))
		}
	}
	if e.perhaps > 0 {
		what += fmt.Sprintf("; and %s in flight, if they pass", plural(e.perhaps, "task"))
	}
	return confirm(ctx, drain, a.sys, a.flags.yes, what, "nothing was sent", "--yes buys them; without --rerun changed they are kept")
}

// describeEdit says what to do where the data changed once more.
func describeEdit(err error) error {
	var changed *batch.ChangedError
	if errors.As(err, &changed) {
		return usage(fmt.Errorf("the data changed while the batch was opened: %w", err), "run the same command again")
	}
	return err
}
