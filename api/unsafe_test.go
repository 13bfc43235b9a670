package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// stop is an unsafe request without a body, for which transports have rules of
// their own.
var stop = Request{Op: "stop run", Method: "POST", Path: "/v1/agents/runs/r1/stop", Unsafe: true}

// naive is how the standard library is used without care: with GetBody, and
// with the header that is meant to make repeating safe.
func naive(ctx context.Context, c *http.Client, url string) {
	r, _ := http.NewRequestWithContext(ctx, "POST", url, bytes.NewReader([]byte(`{}`)))
	r.Header.Set("Idempotency-Key", "k")
	if resp, err := c.Do(r); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

// A kept-alive connection that closes after it took the request: HTTP/1.
func TestUnsafeIsNotRepeatedOverHTTP1(t *testing.T) {
	var accepted atomic.Int64
	base := rawServer(t, func(c *rawConn) {
		// The first request of a connection is answered, so that the next is
		// sent on a used connection: only there does the transport repeat.
		if c.readRequest() {
			c.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
		if c.readRequest() {
			accepted.Add(1)
		}
	})

	hc := &http.Client{Transport: newTransport()}
	naive(t.Context(), hc, base)
	naive(t.Context(), hc, base)
	hc.CloseIdleConnections()
	// The repeated request is the first of a new connection and is answered,
	// so one was accepted and dropped, and a second was bought unseen.
	if accepted.Load() != 1 {
		t.Fatalf("the server does not provoke a repetition: %d accepted", accepted.Load())
	}

	for _, r := range []Request{post, stop} {
		accepted.Store(0)
		c := testClient(t, base, nil)
		if _, err := c.Do(t.Context(), get, drain); err != nil {
			t.Fatal(err)
		}
		_, err := c.Do(t.Context(), r, drain)
		// A repetition would have been answered 200 by the new connection.
		if err == nil || accepted.Load() != 1 {
			t.Errorf("%s: got %v after %d accepted requests, want an error after 1", r.Op, err, accepted.Load())
		} else if !asError(t, err).Sent {
			t.Errorf("%s: got Sent false", r.Op)
		}
	}
}

// Streams that are reset after the request was taken: HTTP/2.
func TestUnsafeIsNotRepeatedOverHTTP2(t *testing.T) {
	for name, refuse := range map[string]func(*http2.Framer, uint32){
		"refused":  func(f *http2.Framer, id uint32) { _ = f.WriteRSTStream(id, http2.ErrCodeRefusedStream) },
		"protocol": func(f *http2.Framer, id uint32) { _ = f.WriteRSTStream(id, http2.ErrCodeProtocol) },
		"internal": func(f *http2.Framer, id uint32) { _ = f.WriteRSTStream(id, http2.ErrCodeInternal) },
		"cancel":   func(f *http2.Framer, id uint32) { _ = f.WriteRSTStream(id, http2.ErrCodeCancel) },
		"goaway":   func(f *http2.Framer, _ uint32) { _ = f.WriteGoAway(0, http2.ErrCodeNo, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			// Each server counts for itself: requests that the naive client gave
			// up may still arrive at its own.
			serve := func() (string, *http.Client, *atomic.Int64) {
				accepted := new(atomic.Int64)
				base, hc := http2Server(t, func(f *http2.Framer, id uint32) bool {
					accepted.Add(1)
					refuse(f, id)
					return name != "goaway"
				})
				return base, hc, accepted
			}
			if name == "refused" || name == "goaway" || name == "protocol" {
				base, hc, accepted := serve()
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				naive(ctx, hc, base)
				cancel()
				if accepted.Load() < 2 {
					t.Fatalf("the server does not provoke a repetition: %d accepted", accepted.Load())
				}
			}
			for _, r := range []Request{post, stop} {
				base, hc, accepted := serve()
				c := testClient(t, base, func(c *Config) {
					c.HTTP = hc
					c.Timeout = 3 * time.Second
				})
				_, err := c.Do(t.Context(), r, drain)
				if err == nil || accepted.Load() != 1 {
					t.Errorf("%s: got %v after %d accepted requests, want an error after 1", r.Op, err, accepted.Load())
				} else if !asError(t, err).Sent {
					t.Errorf("%s: got Sent false", r.Op)
				}
			}
		})
	}
}

// Transports repeat what bears an idempotency key, whoever put it there.
func TestUnsafeBearsNoIdempotencyKey(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
			if got := r.Header.Get(name); got != "" {
				t.Errorf("got %s %q", name, got)
			}
		}
	})
	c := testClient(t, base, func(c *Config) {
		c.Header.Set("Idempotency-Key", "key-1")
		c.Header.Set("X-Idempotency-Key", "key-1")
	})
	if _, err := c.Do(t.Context(), post, drain); err != nil {
		t.Error(err)
	}
}

func TestUnsafeFollowsNoRedirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var created atomic.Int64
		base := serve(t, func(w http.ResponseWriter, r *http.Request) {
			created.Add(1)
			if r.URL.Path != "/again" {
				http.Redirect(w, r, "/again", status)
			}
		})
		for _, r := range []Request{post, stop} {
			created.Store(0)
			_, err := testClient(t, base, nil).Do(t.Context(), r, drain)
			if e := asError(t, err); e.Status != status || created.Load() != 1 {
				t.Errorf("%d %s: got %v after %d requests", status, r.Op, e, created.Load())
			}
		}
	}
}

// http2Server answers each whole request with answer, which says whether the
// connection goes on. The client is ready to talk to it.
func http2Server(t *testing.T, answer func(f *http2.Framer, stream uint32) bool) (string, *http.Client) {
	t.Helper()
	// Only its certificate is used.
	s := httptest.NewTLSServer(nil)
	cert := s.TLS.Certificates[0]
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	s.Close()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}})
	serveConns(t, l, func(c *rawConn) { serveHTTP2(c, answer) })

	transport := newTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, ServerName: "example.com"}
	t.Cleanup(transport.CloseIdleConnections)
	return "https://" + l.Addr().String(), &http.Client{Transport: transport}
}

func serveHTTP2(c *rawConn, answer func(*http2.Framer, uint32) bool) {
	if _, err := io.CopyN(io.Discard, c.in, int64(len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c.in)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = f.WriteSettings()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		ended := false
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			ended = frame.StreamEnded()
		case *http2.DataFrame:
			ended = frame.StreamEnded()
		}
		if ended && !answer(f, frame.Header().StreamID) {
			return
		}
	}
}
