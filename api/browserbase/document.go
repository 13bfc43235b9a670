package browserbase

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/bbbatch/bbbatch/api"
)

// maxDocument bounds an answer that is kept as it came.
const maxDocument = 64 << 20

// Document reads a run as [Runs.Get] does, and returns the answer as it came,
// byte for byte: one JSON object, which may have members that this package does
// not know. One over 64 MiB is an error that is [api.ErrTooLarge].
func (r *Runs) Document(ctx context.Context, runID string) (json.RawMessage, error) {
	id, err := segment("run id", runID)
	if err != nil {
		return nil, err
	}
	var doc json.RawMessage
	_, err = r.api.Do(ctx, api.Request{
		Op:     "get run",
		Method: http.MethodGet,
		Path:   "/v1/agents/runs/" + id,
	}, keepDocument(&doc))
	return doc, err
}

// StopDocument stops a run as [Runs.Stop] does, and returns the answer as it
// came; nil when the stop was accepted and the answer can't be read.
func (r *Runs) StopDocument(ctx context.Context, runID string) (json.RawMessage, error) {
	id, err := segment("run id", runID)
	if err != nil {
		return nil, err
	}
	var doc json.RawMessage
	a, err := r.api.Do(ctx, api.Request{
		Op:     "stop run",
		Method: http.MethodPost,
		Path:   "/v1/agents/runs/" + id + "/stop",
		Unsafe: true,
	}, keepDocument(&doc))
	switch {
	case a.Status == http.StatusConflict:
		return nil, fmt.Errorf("%w: %w", ErrRunEnded, err)
	case a.Status/100 != 2:
		return nil, err
	case err != nil:
		return nil, nil
	}
	return doc, nil
}

// keepDocument reads a body that must be one JSON object.
func keepDocument(doc *json.RawMessage) func(io.Reader) error {
	return func(body io.Reader) error {
		var kept bytes.Buffer
		s := api.NewScanner(io.TeeReader(&limited{body, maxDocument}, &kept))
		first, err := s.Peek()
		if err == nil && first != '{' {
			err = &api.SyntaxError{Text: "not a JSON object"}
		}
		if err == nil {
			err = s.Skip()
		}
		if err == nil {
			err = s.End()
		}
		if err == nil {
			*doc = kept.Bytes()
		}
		return err
	}
}

// A limited reader fails behind so many bytes.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return n, fmt.Errorf("an answer of more than %d bytes: %w", maxDocument, api.ErrTooLarge)
	}
	return n, err
}

// Documents yields the runs of f and of every page behind it as they came, each
// with a run id once. The bytes of each are those of the answer, control
// characters as spaces, so that each can be a line; errors are as those of
// [Runs.All].
func (r *Runs) Documents(ctx context.Context, f RunFilter) iter.Seq2[json.RawMessage, error] {
	return follow(f, func(f RunFilter) (page runPage[json.RawMessage], err error) {
		query, err := f.query()
		if err != nil {
			return page, err
		}
		_, err = r.api.Do(ctx, api.Request{
			Op:     "list runs",
			Method: http.MethodGet,
			Path:   "/v1/agents/runs",
			Query:  query,
		}, keepEntries(&page.runs, "nextCursor", &page.next))
		return page, err
	}, func(doc json.RawMessage) string { return memberText(doc, "runId") })
}

// MessageDocuments yields a run's messages as [Runs.AllMessages] does, each as
// it came: an object with id, createdAt and message.
func (r *Runs) MessageDocuments(ctx context.Context, runID string, f MessageFilter) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		id, err := segment("run id", runID)
		if err != nil {
			yield(nil, err)
			return
		}
		seen := map[string]bool{}
		for range maxPages {
			q := url.Values{}
			if f.Since != "" {
				q.Set("since", f.Since)
			}
			if f.Limit > 0 {
				q.Set("limit", strconv.Itoa(f.Limit))
			}
			var page []json.RawMessage
			var next string
			_, err := r.api.Do(ctx, api.Request{
				Op:     "list messages",
				Method: http.MethodGet,
				Path:   "/v1/agents/runs/" + id + "/messages",
				Query:  q,
			}, keepEntries(&page, "nextSince", &next))
			if err != nil {
				yield(nil, err)
				return
			}
			fresh := false
			for _, doc := range page {
				name := memberText(doc, "id")
				if seen[name] {
					continue
				}
				if name != "" {
					seen[name], fresh = true, true
				}
				if !yield(doc, nil) {
					return
				}
			}
			if !fresh || next == "" || next == f.Since {
				return
			}
			f.Since = next
		}
		yield(nil, fmt.Errorf("list messages: %w", ErrPaging))
	}
}

// keepEntries reads a page: the elements of its data as they came, and the
// cursor that the member named so holds.
func keepEntries(entries *[]json.RawMessage, cursor string, next *string) func(io.Reader) error {
	return func(body io.Reader) error {
		left, found := int64(maxDocument), false
		s := api.NewScanner(body)
		err := s.Object(func(name string) (err error) {
			switch name {
			case "data":
				*entries, found = nil, true
				return s.Array(func() error {
					raw, size, err := s.Raw(left)
					if err != nil {
						return err
					}
					if left -= size; left < 0 || len(*entries) == maxMessages {
						return fmt.Errorf("a page of too many bytes or entries: %w", api.ErrTooLarge)
					}
					*entries = append(*entries, raw)
					return nil
				})
			case cursor:
				*next, err = s.Cursor()
				return err
			}
			return s.Skip()
		})
		if err == nil {
			err = s.End()
		}
		if err == nil && !found {
			err = &api.SyntaxError{Text: "a page without data"}
		}
		return err
	}
}

// memberText returns a text member of an object, "" when there is none that
// could be an id.
func memberText(doc json.RawMessage, member string) string {
	found := ""
	s := api.NewScanner(bytes.NewReader(doc))
	err := s.Object(func(name string) error {
		if name != member {
			return s.Skip()
		}
		text, whole, err := s.Text(256)
		if found = text; !whole {
			found = ""
		}
		return err
	})
	if err != nil {
		return "" // no object
	}
	return found
}
