package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/html/charset"
)

// A fetcher opens addresses for the page agent. Every address, the one in the
// task as well as each that a redirect names, passes the same checks.
type fetcher struct {
	sites     sites
	robots    *robots // nil when not asked
	transport *http.Transport
	userAgent string
	permit    func(netip.Addr) bool // which addresses may be dialled
}

func newFetcher(c PageConfig) *fetcher {
	f := &fetcher{sites: newSites(c.Sites), userAgent: c.UserAgent, permit: public}
	if c.AllowPrivate {
		f.permit = func(netip.Addr) bool { return true }
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: f.guard}
	// No proxy, also not from the environment: a proxy would dial in our
	// place, past the guard.
	f.transport = &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  pageTime,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        20 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		ForceAttemptHTTP2:      true,
	}
	if !c.IgnoreRobots {
		f.robots = newRobots(f, c.UserAgent)
	}
	return f
}

// A refusedError is an address that the page agent does not open.
type refusedError struct{ why string }

func (e *refusedError) Error() string { return e.why }

// guard looks at the address that is about to be dialled, after the name was
// resolved, so that neither a redirect nor a name that changes its address
// gets past it.
func (f *fetcher) guard(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !f.permit(to.Addr()) {
		return &refusedError{fmt.Sprintf("%s is not an address of the public internet", address)}
	}
	return nil
}

// A document is what an address answered with 2xx.
type document struct {
	address     *url.URL // after redirects
	contentType string
	body        []byte
}

// utf8 is the body as UTF-8, by its byte order mark, its header or its meta
// tags.
func (d *document) utf8() (io.Reader, error) {
	return charset.NewReader(bytes.NewReader(d.body), d.contentType)
}

// page reads the page at an address, asking robots.txt of every origin on the
// way.
func (f *fetcher) page(ctx context.Context, address *url.URL) (*document, error) {
	d, err := f.read(ctx, address, maxPageBytes, func(u *url.URL) error {
		if f.robots == nil {
			return nil
		}
		allowed, err := f.robots.allowed(ctx, u)
		if err == nil && !allowed {
			err = &pageError{"ROBOTS_DISALLOWED", fmt.Sprintf("robots.txt of %s://%s does not allow %s", u.Scheme, u.Host, shown(u))}
		}
		return err
	})
	if err != nil {
		return nil, explain(address, err)
	}
	if kind, ok := isPage(d); !ok {
		return nil, &pageError{"NOT_A_PAGE", fmt.Sprintf("%s is %s, not a page", shown(d.address), kind)}
	}
	return d, nil
}

// A statusCode is an answer that is not 2xx.
type statusCode struct {
	address *url.URL
	code    int
}

func (e *statusCode) Error() string { return statusError(e.address, e.code).Error() }

// read follows redirects from an address and reads at most limit bytes of
// what answers. The check sees each address before it is opened.
func (f *fetcher) read(ctx context.Context, address *url.URL, limit int64, check func(*url.URL) error) (*document, error) {
	for range maxRedirects + 1 {
		if address.Scheme != "http" && address.Scheme != "https" {
			return nil, &refusedError{fmt.Sprintf("%s is neither an http nor an https address", shown(address))}
		}
		if err := check(address); err != nil {
			return nil, err
		}
		res, err := f.open(ctx, address)
		if err != nil {
			return nil, err
		}
		next, err := redirect(res, address)
		if err == nil && next == nil {
			return body(res, address, limit)
		}
		_ = res.Body.Close()
		if err != nil {
			return nil, err
		}
		address = next
	}
	return nil, &pageError{"TOO_MANY_REDIRECTS", fmt.Sprintf("more than %d redirects, the last to %s", maxRedirects, shown(address))}
}

// open asks one address once: a site's folder, or the network.
func (f *fetcher) open(ctx context.Context, address *url.URL) (*http.Response, error) {
	if folder, ok := f.sites.folder(address); ok {
		return openSite(folder, address), nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", f.userAgent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1")
	if user := address.User; user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	return f.transport.RoundTrip(req)
}

// redirect is the address that a response sends to, or nil.
func redirect(res *http.Response, from *url.URL) (*url.URL, error) {
	switch res.StatusCode {
	case 301, 302, 303, 307, 308:
	default:
		return nil, nil
	}
	location := res.Header.Get("Location")
	if location == "" {
		return nil, nil
	}
	to, err := from.Parse(location)
	if err != nil || to.Host == "" {
		return nil, &pageError{"BAD_REDIRECT", fmt.Sprintf("%s redirects to what is not an address", shown(from))}
	}
	to.Fragment, to.RawFragment = "", ""
	return to, nil
}

func body(res *http.Response, address *url.URL, limit int64) (*document, error) {
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, &statusCode{address, res.StatusCode}
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, limit))
	if err != nil {
		return nil, err
	}
	return &document{address: address, contentType: res.Header.Get("Content-Type"), body: text}, nil
}

// isPage reports whether a document is HTML, and else what it is.
func isPage(d *document) (string, bool) {
	kind, _, err := mime.ParseMediaType(d.contentType)
	if err != nil {
		kind, _, _ = mime.ParseMediaType(http.DetectContentType(d.body))
	}
	switch kind {
	case "text/html", "application/xhtml+xml":
		return kind, true
	}
	return clip(kind, 80), false
}

// explain turns whatever went wrong on the way to a page into a cause.
func explain(address *url.URL, err error) error {
	var refused *refusedError
	var status *statusCode
	var page *pageError
	switch {
	case errors.As(err, &page):
		return page
	case errors.As(err, &refused):
		return &pageError{"ADDRESS_REFUSED", fmt.Sprintf("%s was not opened: %s", shown(address), refused.why)}
	case errors.As(err, &status):
		return statusError(status.address, status.code)
	}
	return &pageError{"PAGE_UNREACHABLE", fmt.Sprintf("%s: %s", shown(address), strings.TrimPrefix(err.Error(), "net/http: "))}
}
