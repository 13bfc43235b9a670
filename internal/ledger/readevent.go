package ledger

import (
	"fmt"

	"github.com/bbbatch/bbbatch/batch"
)

// readEvent decodes the data of an event whose other columns e has. What every
// event of its kind was written with is there, or the file is damaged: nobody
// who reads events looks for it.
func readEvent(data []byte, e *batch.Event) error {
	if err := decode(data, e); err != nil {
		return fmt.Errorf("a %s event: %w: %w", e.Kind, ErrDamaged, err)
	}
	missing := ""
	switch e.Kind {
	case batch.AttemptStarted, batch.AttemptAdopted, batch.RunObserved, batch.AttemptEnded:
		if e.Run == nil {
			missing = "run"
		}
	case batch.TaskJudged:
		if e.Verdict == nil {
			missing = "verdict"
		}
	}
	if missing != "" {
		return fmt.Errorf("a %s event without its %s: %w", e.Kind, missing, ErrDamaged)
	}
	return nil
}
