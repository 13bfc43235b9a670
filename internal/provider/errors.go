package provider

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/bbbatch/bbbatch/api"
	"github.com/bbbatch/bbbatch/api/browserbase"
	"github.com/bbbatch/bbbatch/batch"
)

// startError says whether a create that failed can have bought a run. Only the
// answers listed here say surely not; whatever is not listed may have.
func startError(err error) error {
	var unsendable *browserbase.RequestError
	if errors.As(err, &unsendable) {
		return &batch.RejectedError{Status: http.StatusBadRequest, Message: "not sent: " + unsendable.Text}
	}
	var e *api.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Status {
	case 0:
		if !e.Sent {
			return &batch.NotCreatedError{Err: err}
		}
	case http.StatusBadRequest, http.StatusNotFound,
		http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return &batch.RejectedError{Status: e.Status, Message: e.Message}
	}
	return refusal(err)
}

// checkError is for the listing that an agents API always answers: a redirect
// or another 4xx than those that refusal knows comes from something else.
func checkError(err error) error {
	err = refusal(err)
	if e := (*api.Error)(nil); errors.As(err, &e) && e.Status >= 300 && e.Status < 500 && e.Status != http.StatusRequestTimeout {
		return &batch.RejectedError{Status: e.Status, Message: e.Message}
	}
	return err
}

// readError is for reads of one run or agent.
func readError(err error) error {
	if e := (*api.Error)(nil); errors.As(err, &e) && e.Status == http.StatusNotFound {
		return fmt.Errorf("%w: %w", batch.ErrNotFound, err)
	}
	return refusal(err)
}

// getError is for the read of a run.
func getError(err error) error {
	if e := (*api.Error)(nil); errors.As(err, &e) && e.Status/100 == 2 {
		return &batch.UnreadableError{Err: err}
	}
	return readError(err)
}

// agentError is for reads of an agent, whose id is the user's own words: an
// answer that finds fault with it would be the same another time.
func agentError(err error) error {
	if e := (*api.Error)(nil); errors.As(err, &e) && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity) {
		return &batch.RejectedError{Status: e.Status, Message: e.Message}
	}
	return readError(err)
}

func stopError(err error) error {
	if errors.Is(err, browserbase.ErrRunEnded) {
		return batch.ErrAlreadyEnded
	}
	if e := (*api.Error)(nil); errors.As(err, &e) && e.Status == 0 && !e.Sent {
		return &batch.NotCreatedError{Err: err}
	}
	return readError(err)
}

// refusal turns the answers that mean the same for every request.
func refusal(err error) error {
	var e *api.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden:
		return &batch.RefusedError{Status: e.Status, Message: e.Message}
	case http.StatusTooManyRequests:
		return &batch.ThrottledError{RetryAfter: e.RetryAfter, Message: e.Message}
	}
	return err
}
