package api

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// newTransport returns the standard transport with our limits and a pool that
// keeps the connections of 200 concurrent runs.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               proxy,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConns:        256,
		MaxIdleConnsPerHost: 256,
		// A create that goes out on a connection which the server is just
		// closing can't be told from one that was accepted. Servers close idle
		// connections after 5 s (Node's default) or later, so ours go first.
		IdleConnTimeout:        4 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
		// Without pings a dead HTTP/2 connection would fail every request
		// until TCP gives it up.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// proxy hides the text of an unreadable proxy setting, which may hold a
// password.
func proxy(r *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New("the proxy named in the environment is not a URL")
	}
	return u, nil
}

// maxRedirects bounds the redirects of one read.
const maxRedirects = 5

// sameAddress follows a redirect only within one scheme and host: the key
// would go along to any other. A refused redirect is returned as the answer.
func sameAddress(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	if len(via) > maxRedirects || req.URL.Scheme != first.Scheme || req.URL.Host != first.Host || req.URL.User != nil {
		return http.ErrUseLastResponse
	}
	return nil
}

// noRedirect returns every 3xx as the answer: a followed 307 would be a second
// create.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
