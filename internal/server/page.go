package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/html"
)

// A PageConfig says what the page agent may open. Its zero value opens public
// addresses only.
type PageConfig struct {
	// Sites maps an origin, such as "https://shop.example", to a folder whose
	// files answer for it. Requests to these origins never leave the machine.
	Sites map[string]string

	AllowPrivate bool   // open loopback, private and link-local addresses too
	IgnoreRobots bool   // do not ask robots.txt
	UserAgent    string // default "bbbatch"
}

const (
	maxAddresses  = 10               // pages that one task may name
	maxPageBytes  = 10 << 20         // read of one page, after decompression
	maxRedirects  = 5                // followed for one page
	pageTime      = 30 * time.Second // for one page with its redirects
	pagesAtOnce   = 4                // parsed at the same time: a page's tree is many times its size
	defaultAgent  = "bbbatch"
	robotsTooLong = 500 << 10 // RFC 9309, 2.5: a crawler must read this much
)

// Page returns the agent that opens the addresses in a task's text and fills
// the result schema from what the pages state as data: JSON-LD, microdata,
// OpenGraph and meta tags, tables, definition lists and headings, in this
// order. It has no model and gives the same answer every time. What a page
// does not state is left out; a property that is required and may be null is
// null then. A stated text that cannot be converted to the property's type is
// given as it stands, so that a check of the result can say so.
//
// Without a schema the result is the page's title, url and first paragraph.
func Page(c PageConfig) Agent {
	if c.UserAgent == "" {
		c.UserAgent = defaultAgent
	}
	return &pageAgent{fetcher: newFetcher(c), parsing: make(chan struct{}, pagesAtOnce)}
}

type pageAgent struct {
	fetcher *fetcher
	parsing chan struct{}
}

func (a *pageAgent) Work(ctx context.Context, r Run) (Answer, error) {
	r.OpenSession()
	addresses := findAddresses(r.Task)
	if len(addresses) == 0 {
		return failed("NO_ADDRESS", "the task names no http or https address"), nil
	}
	var pages []*facts
	var log []string
	for _, address := range addresses {
		page, err := a.read(ctx, address)
		if ctx.Err() != nil {
			return Answer{}, context.Cause(ctx)
		}
		if err != nil {
			var p *pageError
			if !errors.As(err, &p) {
				return Answer{}, err
			}
			return failed(p.code, mask(p.message, r.Variables)), nil
		}
		log = append(log, "opened "+mask(shown(page.address), r.Variables))
		pages = append(pages, page)
	}
	result, err := fill(r.Schema, pages)
	if err != nil {
		return failed("BAD_SCHEMA", err.Error()), nil
	}
	answer := Answer{Result: result}
	for _, line := range log {
		answer.Messages = append(answer.Messages, message("assistant", line))
	}
	return answer, nil
}

// read fetches one page and gathers what it states.
func (a *pageAgent) read(ctx context.Context, address *url.URL) (*facts, error) {
	bounded, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	body, err := a.fetcher.page(bounded, address)
	if err != nil {
		if bounded.Err() != nil && ctx.Err() == nil {
			return nil, &pageError{"PAGE_TIMEOUT", fmt.Sprintf("%s did not answer within %v", shown(address), pageTime)}
		}
		return nil, err
	}
	select {
	case a.parsing <- struct{}{}:
		defer func() { <-a.parsing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	bounded, cancelParsing := context.WithTimeout(ctx, pageTime) // the wait for a turn does not count
	defer cancelParsing()
	doc, err := parse(bounded, body)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case bounded.Err() != nil:
		return nil, &pageError{"PAGE_TIMEOUT", fmt.Sprintf("%s could not be parsed within %v", shown(body.address), pageTime)}
	case err != nil:
		return nil, &pageError{"PAGE_UNREADABLE", fmt.Sprintf("%s: %v", shown(body.address), err)}
	}
	return gather(doc, body.address), nil
}

// parse builds the page's tree. The parser refuses documents nested deeper
// than 512 elements, so that all that walks the tree may recurse.
func parse(ctx context.Context, b *document) (doc *html.Node, err error) {
	utf8, err := b.utf8()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(utf8)
	if err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return html.Parse(patientReader{ctx, bytes.NewReader(calm(text))})
}

// A pageError is a page that could not be read, as the run's cause tells it.
type pageError struct{ code, message string }

func (e *pageError) Error() string { return e.code + ": " + e.message }

func statusError(address *url.URL, status int) error {
	return &pageError{"PAGE_HTTP_ERROR", fmt.Sprintf("%s answered %d %s", shown(address), status, http.StatusText(status))}
}

// shown is an address as messages may show it: without a password.
func shown(u *url.URL) string {
	if u.User == nil {
		return u.String()
	}
	bare := *u
	bare.User = nil
	return bare.String()
}
