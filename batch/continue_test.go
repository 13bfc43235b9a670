package batch

import (
	"errors"
	"testing"
	"testing/synctest"
)

func TestTasksThatAreGoneAreAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, c := bench(t, 3)
		c.Tasks = sequence(tasks(t, 2))
		var changed *ChangedError
		if err := Run(t.Context(), c); !errors.As(err, &changed) {
			t.Errorf("got %v, want a ChangedError", err)
		}
	})
}
