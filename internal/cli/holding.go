package cli

import (
	"errors"
	"fmt"

	"github.com/bbbatch/bbbatch/internal/ledger"
)

// A holding is a state folder that a command writes to: the lock of a name, and
// the ledger.
type holding struct {
	lock  *ledger.NameLock
	store *ledger.Store

	// settled says that the service was asked for runs that the ledger may have
	// lost, so that no later process need do it.
	settled bool
}

// hold takes the lock first: who has it may be in the middle of a write, or
// stopped there, and opening the ledger waits for that.
func hold(dir, name string) (*holding, error) {
	lock, err := ledger.Lock(dir, name)
	if err != nil {
		return nil, heldOr(err)
	}
	store, err := ledger.Open(dir)
	if err != nil {
		return nil, also(noState(err), giveBack(lock, !lock.Abandoned()))
	}
	return &holding{lock: lock, store: store}, nil
}

// doubt reports whether the process before this one did not come to an orderly
// end, so that the ledger may have lost its newest commits.
func (h *holding) doubt() bool { return h.store.Unclean() || h.lock.Abandoned() }

// close closes the ledger, and then gives the lock back.
func (h *holding) close() error {
	err := h.store.Close()
	if errors.Is(err, ledger.ErrBroken) { // it was told by who met it
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("ledger: %w", err)
	}
	settled := h.settled || !h.doubt()
	return errors.Join(err, giveBack(h.lock, settled && !h.store.Broken()))
}

// giveBack gives a lock back. While it is not settled what the ledger may lack,
// the next holder finds it as one that was never given back.
func giveBack(lock *ledger.NameLock, settled bool) error {
	if !settled {
		return lock.Leave()
	}
	return lock.Unlock()
}
