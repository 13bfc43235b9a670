package browserbase

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/bbbatch/bbbatch/api"
)

// Runs is the resource /v1/agents/runs.
type Runs struct {
	api     *api.Client
	schemas compactSchema
}

// ErrRunEnded says that a run can't be stopped since it had ended before.
var ErrRunEnded = errors.New("the run had already ended")

// Create starts a run and returns it, PENDING as a rule. The request goes out
// once. Source: https://docs.browserbase.com/reference/api/run-an-agent
//
// A [*RequestError] says that r was not sent. An [*api.Error] says by Sent and
// Status whether a run may exist. When the answer was cut short or is odd but
// its runId was read, the run exists: Create returns what is known of it, and
// Status may be empty.
func (r *Runs) Create(ctx context.Context, req CreateRun) (api.Run, error) {
	x, err := req.request(&r.schemas)
	if err != nil {
		return api.Run{}, err
	}
	var run api.Run
	_, err = r.api.Do(ctx, x, r.decodeAnswer(&run))
	if run.RunID != "" {
		run.Partial = err != nil
		return run, nil
	}
	return api.Run{}, err
}

// Get reads a run. Source:
// https://docs.browserbase.com/reference/api/get-a-run
//
// A result over Config.MaxResultBytes lies in the run's ResultFile, which is
// the caller's to remove.
func (r *Runs) Get(ctx context.Context, runID string) (api.Run, error) {
	id, err := segment("run id", runID)
	if err != nil {
		return api.Run{}, err
	}
	var run api.Run
	_, err = r.api.Do(ctx, api.Request{
		Op:     "get run",
		Method: http.MethodGet,
		Path:   "/v1/agents/runs/" + id,
	}, func(body io.Reader) (err error) {
		run, err = api.DecodeRun(body, r.api.Limits())
		return err
	})
	if err != nil {
		return api.Run{}, err
	}
	return run, nil
}

// Stop asks the service to stop a run and returns the run as it was then; the
// run is STOPPED some time after. The request goes out once. Source:
// https://docs.browserbase.com/reference/api/stop-a-run
//
// An error that is [ErrRunEnded] is the answer 409. The stop was accepted with
// any 2xx: when the run in that answer can't be read, it has only its RunID.
func (r *Runs) Stop(ctx context.Context, runID string) (api.Run, error) {
	id, err := segment("run id", runID)
	if err != nil {
		return api.Run{}, err
	}
	var run api.Run
	a, err := r.api.Do(ctx, api.Request{
		Op:     "stop run",
		Method: http.MethodPost,
		Path:   "/v1/agents/runs/" + id + "/stop",
		Unsafe: true,
	}, r.decodeAnswer(&run))
	switch {
	case a.Status == http.StatusConflict:
		return api.Run{}, fmt.Errorf("%w: %w", ErrRunEnded, err)
	case a.Status/100 != 2:
		return api.Run{}, err
	case err != nil:
		return api.Run{RunID: runID}, nil
	}
	return run, nil
}

// decodeAnswer reads the run in the answer to a create or a stop. Nobody looks
// for a result there, so none goes to a file.
func (r *Runs) decodeAnswer(run *api.Run) func(io.Reader) error {
	limits := api.Limits{MaxResultBytes: r.api.Limits().MaxResultBytes}
	return func(body io.Reader) (err error) {
		*run, err = api.DecodeRun(body, limits)
		return err
	}
}
