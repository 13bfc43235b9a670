package cli

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/ledger"
)

// answering is a provider whose every request ends with an error.
type answering struct {
	batch.Provider
	err    error
	starts int
}

func (a *answering) Start(context.Context, batch.Spec) (batch.Observed, error) {
	a.starts++
	return batch.Observed{}, a.err
}

func (a *answering) Get(context.Context, string) (batch.Observed, error) {
	return batch.Observed{}, a.err
}

// engine.md "Stopping": no create is sent once the disk is full, also of an
// intent that was written before; a second answer that finds no room ends the
// waiting.
func TestNothingStartsOnAFullDisk(t *testing.T) {
	store, err := ledger.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	a, left := &answering{err: errors.New("no")}, 0
	p := roomy{a, store, func() { left++ }}
	if _, err := p.Start(t.Context(), batch.Spec{}); !errors.Is(err, a.err) || a.starts != 1 {
		t.Errorf("with room: got %v after %d starts", err, a.starts)
	}
	if _, _ = p.Get(t.Context(), "r"); isFull(store) {
		t.Error("any error counts as a full disk")
	}
	a.err = fmt.Errorf("a file for a large result: %w", noRoom)
	for i := range 2 {
		if _, err := p.Get(t.Context(), "r"); !errors.Is(err, noRoom) || !isFull(store) || left != i {
			t.Errorf("look %d: got %v, full %v, left %d times", i, err, isFull(store), left)
		}
	}
	var unsent *batch.NotCreatedError
	if _, err := p.Start(t.Context(), batch.Spec{}); !errors.As(err, &unsent) || a.starts != 1 {
		t.Errorf("on the full disk: got %v after %d starts, want it not to be sent", err, a.starts)
	}
}
