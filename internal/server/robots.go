package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// robots knows the robots.txt of the origins that were asked, as RFC 9309
// describes it.
type robots struct {
	fetcher *fetcher
	agent   string // our product token, lower case

	mu    sync.Mutex
	known map[string]*robotsEntry
}

type robotsEntry struct {
	turn  chan struct{} // held while the file is read
	rules robotsRules
	until time.Time // zero before the first reading
}

const (
	robotsAge     = time.Hour
	robotsOrigins = 1000 // kept at a time
)

func newRobots(f *fetcher, userAgent string) *robots {
	token, _, _ := strings.Cut(userAgent, "/")
	token, _, _ = strings.Cut(token, " ")
	return &robots{fetcher: f, agent: strings.ToLower(token), known: map[string]*robotsEntry{}}
}

// allowed reports whether an origin's robots.txt lets us open an address.
func (r *robots) allowed(ctx context.Context, u *url.URL) (bool, error) {
	e := r.entry(origin(u))
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if time.Now().After(e.until) {
		rules, err := r.read(ctx, u)
		if err != nil {
			return false, err
		}
		e.rules, e.until = rules, time.Now().Add(robotsAge)
	}
	where := u.EscapedPath()
	if where == "" {
		where = "/"
	}
	if u.RawQuery != "" {
		where += "?" + u.RawQuery
	}
	return e.rules.allow(where), nil
}

func (r *robots) entry(origin string) *robotsEntry {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.known[origin]
	if e == nil {
		if len(r.known) >= robotsOrigins {
			clear(r.known)
		}
		e = &robotsEntry{turn: make(chan struct{}, 1)}
		r.known[origin] = e
	}
	return e
}

// read fetches an origin's rules: none when the file does not exist (4xx),
// an error when the origin can't say (5xx), which forbids everything until it
// can and is not remembered.
func (r *robots) read(ctx context.Context, u *url.URL) (robotsRules, error) {
	address := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/robots.txt"}
	d, err := r.fetcher.read(ctx, address, robotsTooLong, func(*url.URL) error { return nil })
	var status *statusCode
	var page *pageError
	switch {
	case err == nil:
		return parseRobots(d.body, r.agent), nil
	case errors.As(err, &status) && status.code >= 500 && status.code != http.StatusNotImplemented:
		return nil, &pageError{"ROBOTS_DISALLOWED", fmt.Sprintf("nothing may be opened while %s answers %d", shown(status.address), status.code)}
	case errors.As(err, &status), errors.As(err, &page):
		return nil, nil // no file, or redirects without end: RFC 9309, 2.3.1.2
	}
	return nil, err
}

// robotsRules are the lines that are meant for us.
type robotsRules []robotsRule

type robotsRule struct {
	allow  bool
	prefix string // with * for any text and a final $ for the end
}

// parseRobots picks the groups that name us, else those of "*". It keeps no
// other: a file that names many crawlers over many rules would grow to gigabytes.
func parseRobots(text []byte, agent string) robotsRules {
	var ours, others robotsRules // rules for us, rules for "*"
	named := false               // some group names us
	forUs, forAll := false, false
	inRules := false
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, robotsTooLong+1)
	for lines.Scan() {
		line, _, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "\uFEFF"), "#")
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch key = strings.ToLower(strings.TrimSpace(key)); key {
		case "user-agent":
			if inRules {
				forUs, forAll, inRules = false, false, false
			}
			name, _, _ := strings.Cut(strings.ToLower(value), "/")
			forUs, forAll = forUs || name == agent, forAll || name == "*"
			named = named || forUs
		case "allow", "disallow":
			inRules = true
			if value == "" {
				continue
			}
			rule := robotsRule{key == "allow", value}
			if forUs {
				ours = append(ours, rule)
			}
			if forAll {
				others = append(others, rule)
			}
		}
	}
	if named {
		return ours
	}
	return others
}

// allow follows the longest rule that matches; of two equally long ones the
// one that allows.
func (r robotsRules) allow(where string) bool {
	if where == "/robots.txt" {
		return true
	}
	longest, allowed := -1, true
	for _, rule := range r {
		if !matchRobots(rule.prefix, where) {
			continue
		}
		if n := len(rule.prefix); n > longest || n == longest && rule.allow {
			longest, allowed = n, rule.allow
		}
	}
	return allowed
}

// matchRobots matches a rule's text from the beginning of an address, in time
// linear in both for each *.
func matchRobots(pattern, where string) bool {
	pattern, anchored := strings.CutSuffix(pattern, "$")
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(where, parts[0])
	if !ok {
		return false
	}
	if len(parts) == 1 {
		return !anchored || rest == ""
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	if anchored {
		return strings.HasSuffix(rest, last)
	}
	return strings.Contains(rest, last)
}
