package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// An address that leads nowhere is told in words, without the steps that a
// program takes to get there.
func TestNoConnectionIsToldInWords(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	secure.Config.ErrorLog = nil
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	// It takes a connection and says something that is no TLS and no HTTP.
	babble, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = babble.Close() }()
	go func() {
		for {
			c, err := babble.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("220 mail.example ready\r\n"))
			_ = c.Close()
		}
	}()
	for name, c := range map[string]struct{ url, want string }{
		"refused":       {"http://" + closed.Addr().String(), "connection refused: nothing listens there"},
		"plain for tls": {strings.Replace(plain.URL, "http:", "https:", 1), "it does not answer in TLS: does the address begin with http:// and not https://?"},
		"mail for tls":  {"https://" + babble.Addr().String(), "it does not answer in TLS: does the address begin with http:// and not https://?"},
		"certificate":   {secure.URL, "its certificate is not to be trusted: "},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := New(Config{BaseURL: c.url})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			_, err = client.Do(t.Context(), Request{Op: "list runs", Method: http.MethodGet, Path: "/v1/agents/runs"}, nil)
			var e *Error
			if !errors.As(err, &e) || !strings.HasPrefix(e.Message, c.want) || e.Sent {
				t.Errorf("got %v, want %q, not sent", err, c.want)
			}
		})
	}
}

func TestNamesAndProxiesAreToldInWords(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: &net.AddrError{Err: "invalid port", Addr: "99999"}}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&url.Error{Op: "Get", Err: &net.OpError{Op: "dial", Err: &net.DNSError{Name: "a.example", Err: "no such host", IsNotFound: true}}}, `no host is named "a.example"`},
		{&net.DNSError{Name: "a.example", Err: "server misbehaving"}, `the name "a.example" can't be looked up: server misbehaving`},
		{refused, "99999: invalid port"},
		{&net.OpError{Op: "proxyconnect", Err: refused}, "the proxy that the environment names: 99999: invalid port"},
		{&net.OpError{Op: "dial", Err: context.DeadlineExceeded}, "no connection within the time limit"},
		{&net.OpError{Op: "read", Err: errors.New("connection reset by peer")}, "read: connection reset by peer"},
	} {
		if got := reachable(c.err).Error(); got != c.want {
			t.Errorf("%v: got %q, want %q", c.err, got, c.want)
		}
	}
}
