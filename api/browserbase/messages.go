package browserbase

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bbbatch/bbbatch/api"
)

// A Message is one step of a run's transcript.
type Message struct {
	ID        string
	CreatedAt time.Time // UTC; zero when unreadable

	// Message is the step as JSON, an open shape with role and content; an
	// image may lie in it as base64.
	Message json.RawMessage
}

// A MessageFilter chooses the messages of a page.
type MessageFilter struct {
	Since string // id of the last message already held; "" for the beginning
	Limit int    // 1 to 100; 0 for the service's 20
	All   bool   // everything after Since at once; Limit has no effect
}

// A MessagePage is one page of a transcript, the oldest first.
type MessagePage struct {
	Data []Message

	// NextSince is the id of the last message, also on the last page; "" only
	// when the run has no messages yet. There is no mark of the end.
	NextSince string

	// Unreadable is an error when an entry was no message: the page holds all
	// the others.
	Unreadable error
}

// maxMessages bounds one page, also with All.
const maxMessages = 100_000

// Messages reads one page of a run's transcript. Source:
// https://docs.browserbase.com/reference/api/list-run-messages
//
// A page whose messages are together longer than Config.MaxPageBytes is an
// error that is [api.ErrTooLarge].
func (r *Runs) Messages(ctx context.Context, runID string, f MessageFilter) (MessagePage, error) {
	id, err := segment("run id", runID)
	if err != nil {
		return MessagePage{}, err
	}
	if f.Limit < 0 || f.Limit > 100 {
		return MessagePage{}, &RequestError{"limit: must be 1 to 100"}
	}
	q := url.Values{}
	if f.Since != "" {
		q.Set("since", f.Since)
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	if f.All {
		q.Set("all", "true")
	}
	var page MessagePage
	_, err = r.api.Do(ctx, api.Request{
		Op:     "list messages",
		Method: http.MethodGet,
		Path:   "/v1/agents/runs/" + id + "/messages",
		Query:  q,
	}, func(body io.Reader) (err error) {
		page, err = decodeMessages(body, r.api.Limits().MaxPageBytes)
		return err
	})
	return page, err
}

// AllMessages yields a run's messages after f.Since that exist by now, each
// once, reading page by page. It ends with the first page that has nothing
// new, and after an error of a request. Errors that leave the transcript
// incomplete in another way, an entry that is no message and [ErrPaging], come
// at its end.
func (r *Runs) AllMessages(ctx context.Context, runID string, f MessageFilter) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		seen := seenSet{}
		incomplete := fmt.Errorf("list messages: %w", ErrPaging)
		var unreadable error
		for range maxPages {
			page, err := r.Messages(ctx, runID, f)
			if err != nil {
				yield(Message{}, err)
				return
			}
			if page.Unreadable != nil && unreadable == nil {
				unreadable = fmt.Errorf("list messages: %w", page.Unreadable)
			}
			fresh := false
			for _, m := range page.Data {
				if !seen.add(m.ID) {
					continue
				}
				fresh = true
				if !yield(m, nil) {
					return
				}
			}
			if !fresh || page.NextSince == "" || page.NextSince == f.Since {
				incomplete = unreadable
				break
			}
			if len(seen) >= maxSeen {
				break
			}
			f.Since = page.NextSince
		}
		if incomplete != nil {
			yield(Message{}, incomplete)
		}
	}
}

func decodeMessages(body io.Reader, limit int64) (MessagePage, error) {
	var page MessagePage
	entries := 0
	s := api.NewScanner(body)
	err := s.Object(func(name string) (err error) {
		switch name {
		case "data":
			page.Data, page.Unreadable = nil, nil
			return s.Array(func() error {
				if entries++; entries > maxMessages {
					return fmt.Errorf("more than %d messages: %w", maxMessages, api.ErrTooLarge)
				}
				m, err := decodeMessage(s, limit)
				if err != nil {
					return err
				}
				limit -= int64(len(m.Message))
				if m.ID != "" {
					page.Data = append(page.Data, m)
				} else if page.Unreadable == nil {
					page.Unreadable = fmt.Errorf("data[%d]: %w", entries-1, &api.FieldError{Field: "id"})
				}
				return nil
			})
		case "nextSince":
			page.NextSince, err = s.Cursor()
			return err
		}
		return s.Skip()
	})
	if err == nil {
		err = s.End()
	}
	return page, err
}

// decodeMessage reads any value. One that is no message has no ID.
func decodeMessage(s *api.Scanner, limit int64) (Message, error) {
	var m Message
	first, err := s.Peek()
	if err != nil {
		return m, err
	}
	if first != '{' {
		return m, s.Skip()
	}
	err = s.Object(func(name string) (err error) {
		switch name {
		case "id":
			m.ID, _, err = s.Text(256)
		case "createdAt":
			m.CreatedAt, err = s.Time()
		case "message":
			var size int64
			m.Message, size, err = s.Raw(limit)
			if err == nil && size > limit {
				err = fmt.Errorf("a message of %d bytes: %w", size, api.ErrTooLarge)
			}
		default:
			err = s.Skip()
		}
		return err
	})
	return m, err
}
