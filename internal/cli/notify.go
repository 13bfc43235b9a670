package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/internal/proc"
	"github.com/bbbatch/bbbatch/report"
)

// An ending is what the end of an apply leaves to be told.
type ending struct {
	batch    string // its id; "" where none was opened
	state    string // the folder of its ledger
	selected string
	masks    *batch.Masker
	compared *baselineVerdict // nil where it was not compared with a baseline
}

// notifyWord is the word of notify.on for an exit code; "" for those of which
// nobody is told.
func notifyWord(code int) string {
	switch code {
	case exitOK:
		return "done"
	case exitFailed, exitInvalid:
		return "failure"
	case exitStopped:
		return "budget"
	case exitService:
		return "refused"
	}
	return ""
}

// errNotWaited is why a program is killed when the process is told to end.
var errNotWaited = errors.New("was killed: the process was told to end")

// notify tells the program that the manifest names how the batch ended, which is
// what the apply returns. Whatever becomes of it is a warning at most. The ledger
// is closed and its lock free, so that the program may run bbbatch.
func (e *ending) notify(ctx context.Context, sys Sys, f *applyFlags, m *manifest.Manifest, end error) {
	word := notifyWord(codeOf(end))
	if m.Notify == nil || !slices.Contains(m.Notify.On, word) {
		return
	}
	doc, err := e.document(sys, m, word, end)
	if err == nil && doc != nil {
		err = e.run(ctx, sys, f, m, doc)
	}
	if err != nil {
		say(sys.Stderr, "bbbatch: warning: notify: "+e.masks.Mask(err.Error()), "how the batch ended stays as it is")
	}
}

// run runs the program until its end, its limit, or until the process is told to
// end.
func (e *ending) run(ctx context.Context, sys Sys, f *applyFlags, m *manifest.Manifest, doc []byte) error {
	ctx, cancel := context.WithCancelCause(ctx)
	told, unwatch := interrupted(sys)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-told:
			cancel(errNotWaited)
		case <-ctx.Done():
		}
	})
	defer func() { cancel(nil); watching.Wait(); unwatch() }()
	said := &saidLines{say: func(line string) {
		if !f.quiet {
			say(sys.Stderr, "notify: "+e.masks.Mask(line), "")
		}
	}}
	c := notifyCommand(sys, m)
	c.Stdin, c.Output = doc, said
	err := proc.Run(ctx, c)
	said.end()
	if err != nil {
		return fmt.Errorf("%s: %w", m.Notify.Command[0], err)
	}
	return nil
}

// document is what the program reads: the object of status --json, with the
// members notify and, where it was compared, baseline. Where no batch was opened it has those members alone that say
// which it would have been. It is nil where there is nothing to tell yet: the runs
// that --submit-only started are collected by another apply.
func (e *ending) document(sys Sys, m *manifest.Manifest, word string, end error) ([]byte, error) {
	var body bytes.Buffer
	if e.batch == "" {
		if err := json.NewEncoder(&body).Encode(struct {
			ID        *string `json:"id"`
			Name      string  `json:"name"`
			Selection string  `json:"selection,omitempty"`
			Manifest  string  `json:"manifest"`
		}{nil, m.Name, e.selected, m.File}); err != nil {
			return nil, err
		}
	} else {
		s, err := e.standing(sys, m)
		if err != nil {
			return nil, err
		}
		s.Worse = e.compared.code() != exitOK
		if word == "done" && s.Summary.Info.ClosedAt.IsZero() {
			return nil, nil
		}
		if err := report.StandingRecord(&body, s); err != nil {
			return nil, err
		}
	}
	said := ""
	if end != nil && !errors.Is(end, errTold) {
		said = e.masks.Mask(end.Error())
	}
	head, err := json.Marshal(struct {
		On       string `json:"on"`
		ExitCode int    `json:"exitCode"`
		Error    string `json:"error,omitempty"`
	}{word, codeOf(end), said})
	if err != nil {
		return nil, err
	}
	found, err := e.compared.member()
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte(`{"notify":`), head, found, []byte(","), body.Bytes()[1:]), nil
}

// standing is where the batch stands now.
func (e *ending) standing(sys Sys, m *manifest.Manifest) (s report.Standing, err error) {
	reader, err := openLedger(e.state)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	b, err := reader.Batch(e.batch)
	if err != nil {
		return s, err
	}
	file := m.File
	if file == "-" {
		file = ""
	}
	return standing(sys, &foundBatch{b, reader, e.state, file, sys.lookup})
}
