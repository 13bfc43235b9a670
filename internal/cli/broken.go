package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// broken gives an error after which nothing more may be written its words. also
// is what went wrong besides, or nil.
func (a *application) broken(err, also error) error {
	words := errors.New(a.show.masks.Mask("the batch can't go on: " + err.Error()))
	if errors.Is(err, batch.ErrConflict) {
		if by, lost := a.lock.Lost(); lost {
			who := "another process"
			if by != nil {
				who = fmt.Sprintf("pid %d on %s, since %s,", by.PID, by.Host, by.Since.UTC().Format(time.RFC3339))
			}
			return &failure{exitHeld, errors.Join(fmt.Errorf("%s works on this batch: the lock was taken from this process while it did not move (%w)", who, words), also),
				"nothing is lost, and what this process went on to do changed nothing; bbbatch status tells where the batch stands. A lock file is never to be removed: that of a dead process is free"}
		}
	}
	return &failure{exitInternal, errors.Join(words, also), "what was acknowledged is safe; make room or mend the state folder, and the same command continues"}
}
