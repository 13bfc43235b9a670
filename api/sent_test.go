package api

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// closedPort is an address that nobody listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return l.Addr().String()
}

func TestNotSent(t *testing.T) {
	silent := rawServer(t, func(c *rawConn) { _, _ = c.in.ReadByte(); time.Sleep(time.Second) })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	untrusted := httptest.NewUnstartedServer(nil)
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	defer untrusted.Close()
	refusing := rawServer(t, func(c *rawConn) {
		c.readRequest()
		c.write("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
	})
	through := func(proxy string) func(*Config) {
		return func(c *Config) {
			tr := newTransport()
			tr.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }
			c.HTTP = &http.Client{Transport: tr}
		}
	}
	for name, c := range map[string]struct {
		ctx    context.Context
		base   string
		change func(*Config)
	}{
		"refused":           {t.Context(), "http://" + closedPort(t), nil},
		"no such host":      {t.Context(), "http://nobody.invalid", nil},
		"untrusted TLS":     {t.Context(), untrusted.URL, nil},
		"TLS hangs":         {t.Context(), "https" + silent[len("http"):], func(c *Config) { c.Timeout = 100 * time.Millisecond }},
		"not TLS":           {t.Context(), "https" + refusing[len("http"):], nil},
		"cancelled before":  {gone, silent, nil},
		"the proxy refuses": {t.Context(), "https://api.example.com", through(refusing)},
		"the proxy is gone": {t.Context(), "https://api.example.com", through("http://user:" + testKey + "x@" + closedPort(t))},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := testClient(t, c.base, c.change).Do(c.ctx, post, drain)
			if e := asError(t, err); e.Sent || e.Status != 0 || strings.Contains(e.Error(), testKey) {
				t.Errorf("got %v, sent %v", e, e.Sent)
			}
			if c.ctx == gone && !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
		})
	}
}

func TestSent(t *testing.T) {
	for name, handle := range map[string]func(*rawConn){
		"closed at once":      func(c *rawConn) {},
		"closed after it":     func(c *rawConn) { c.readRequest() },
		"reset after it":      func(c *rawConn) { c.readRequest(); _ = c.Conn.(*net.TCPConn).SetLinger(0) },
		"half a status line":  func(c *rawConn) { c.readRequest(); c.write("HTTP/1.1 20") },
		"half the body":       func(c *rawConn) { c.readRequest(); c.write("HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{") },
		"a redirect to trash": func(c *rawConn) { c.readRequest(); c.write("HTTP/1.1 307 X\r\nLocation: http://%zz\r\n\r\n") },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := testClient(t, rawServer(t, handle), nil).Do(t.Context(), post, drain)
			if e := asError(t, err); !e.Sent {
				t.Errorf("got %v, not sent", e)
			}
		})
	}
}

type brokenTransport struct{}

func (brokenTransport) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("lost")
}

// A transport that we do not know may have sent anything, also when it has
// been put in the place of the default one.
func TestForeignTransportCountsAsSent(t *testing.T) {
	usual := http.DefaultTransport
	http.DefaultTransport = brokenTransport{}
	defer func() { http.DefaultTransport = usual }()
	for _, hc := range []*http.Client{{Transport: brokenTransport{}}, {}} {
		c := testClient(t, "http://localhost", func(c *Config) { c.HTTP = hc })
		_, err := c.Do(t.Context(), post, drain)
		if e := asError(t, err); !e.Sent {
			t.Errorf("got %v, not sent", e)
		}
	}
}
