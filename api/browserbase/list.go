package browserbase

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bbbatch/bbbatch/api"
)

// A RunFilter chooses the runs of a listing; zero fields choose all.
type RunFilter struct {
	Status  string // one status
	AgentID string

	// StartAt and EndAt bound the run's creation, both included. They are sent
	// in milliseconds, rounded so that the span grows.
	StartAt, EndAt time.Time

	Limit  int    // runs a page, 1 to 1000; 0 for the service's 20
	Cursor string // where to go on: the NextCursor of the page before
}

// ErrPaging says that a listing was given up since the service's cursors lead
// nowhere: one came again, or they did not end, not after a million entries
// either. What was listed may not be all.
var ErrPaging = errors.New("the pages of the listing do not end")

const (
	maxPages      = 10_000 // of one listing
	maxEmptyPages = 100    // one after the other, without a new run
)

// List reads one page of the account's runs, results included, in the order of
// the service, which documents none. Source:
// https://docs.browserbase.com/reference/api/list-runs
//
// Large results are left out, see [api.DecodePage].
func (r *Runs) List(ctx context.Context, f RunFilter) (api.Page, error) {
	page, _, err := r.list(ctx, f)
	return page, err
}

// ClockOffset returns the service's clock minus ours, to about a second, from
// a listing of at most one run. ok is false when the service told no time.
func (r *Runs) ClockOffset(ctx context.Context) (offset time.Duration, ok bool, err error) {
	_, a, err := r.list(ctx, RunFilter{Limit: 1})
	return a.Offset, a.Dated, err
}

func (r *Runs) list(ctx context.Context, f RunFilter) (api.Page, api.Answer, error) {
	query, err := f.query()
	if err != nil {
		return api.Page{}, api.Answer{}, err
	}
	var page api.Page
	a, err := r.api.Do(ctx, api.Request{
		Op:     "list runs",
		Method: http.MethodGet,
		Path:   "/v1/agents/runs",
		Query:  query,
	}, func(body io.Reader) (err error) {
		page, err = api.DecodePage(body, r.api.Limits())
		return err
	})
	return page, a, err
}

// All yields the runs of f and of every page behind it, each run once although
// pages may overlap. It stops after an error of a request. Errors that leave
// the listing incomplete in another way, an entry that can't be read and
// [ErrPaging], come at its end.
func (r *Runs) All(ctx context.Context, f RunFilter) iter.Seq2[api.Run, error] {
	return follow(f, func(f RunFilter) (runPage[api.Run], error) {
		page, err := r.List(ctx, f)
		return runPage[api.Run]{page.Runs, page.NextCursor, page.Unreadable}, err
	}, func(run api.Run) string { return run.RunID })
}

// A runPage is one page of a listing, its runs read in one way or another.
type runPage[T any] struct {
	runs       []T
	next       string // "" at the end
	unreadable error  // of entries that are missing from runs
}

// follow yields the runs of a page and of those behind it. Runs whose id is ""
// can't be told from each other: all are yielded.
func follow[T any](f RunFilter, read func(RunFilter) (runPage[T], error), id func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		seen, cursors := seenSet{}, seenSet{}
		cursors.add(f.Cursor)
		var incomplete error
		for pages, empty := 0, 0; ; pages++ {
			page, err := read(f)
			if err != nil {
				yield(none, err)
				return
			}
			if page.unreadable != nil && incomplete == nil {
				incomplete = fmt.Errorf("list runs: %w", page.unreadable)
			}
			empty++
			for _, run := range page.runs {
				name := id(run)
				if name != "" {
					if !seen.add(name) {
						continue
					}
					empty = 0
				}
				if !yield(run, nil) {
					return
				}
			}
			f.Cursor = page.next
			if f.Cursor == "" {
				break
			}
			if !cursors.add(f.Cursor) || empty == maxEmptyPages || pages == maxPages || len(seen) >= maxSeen {
				incomplete = fmt.Errorf("list runs: %w", ErrPaging)
				break
			}
		}
		if incomplete != nil {
			yield(none, incomplete)
		}
	}
}

func (f RunFilter) query() (url.Values, error) {
	if f.Limit < 0 || f.Limit > 1000 {
		return nil, &RequestError{"limit: must be 1 to 1000"}
	}
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("status", f.Status)
	set("agentId", f.AgentID)
	set("startAt", timestamp(f.StartAt, 0))
	set("endAt", timestamp(f.EndAt, time.Millisecond-1))
	set("cursor", f.Cursor)
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	return q, nil
}

// timestamp writes t plus up in whole milliseconds; "" for the zero time.
func timestamp(t time.Time, up time.Duration) string {
	if t.IsZero() {
		return ""
	}
	return t.Add(up).UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano)
}
