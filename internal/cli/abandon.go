package cli

import (
	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
)

// abandon gives up the runs of a batch of the local server, which ended with its
// process: their tasks are to be run again.
func (a *application) abandon(b *ledger.Batch) error {
	if a.service.kind != "local" {
		return nil
	}
	var events []batch.Event
	for row, err := range b.Open(batch.StateStarting, batch.StateUnsure, batch.StateRunning) {
		if err != nil {
			return err
		}
		events = append(events, a.abandoned(row)...) // no more than were in flight together
	}
	if len(events) == 0 {
		return nil
	}
	info, err := b.Info()
	if err == nil {
		err = b.Continue(ledger.Continuation{At: a.sys.Now().UTC(), Policy: info.Policy}, nil)
	}
	if err != nil {
		return err
	}
	return b.Append(events...)
}

func (a *application) abandoned(row batch.Row) []batch.Event {
	const why = "the local server ended with its process"
	e := batch.Event{Position: row.Position, Attempt: row.Attempt, At: a.sys.Now().UTC(), Message: why}
	lost, retried := e, e
	lost.Kind = batch.AttemptUnknown
	retried.Kind, retried.Message, retried.Retries = batch.TaskRetried, "", row.Retries
	retried.Verdict = &batch.Verdict{Outcome: batch.Failed, Reason: batch.Lost, Message: why}
	if row.State == batch.StateStarting {
		return []batch.Event{lost, retried}
	}
	return []batch.Event{retried}
}
