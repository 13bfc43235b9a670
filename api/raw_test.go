package api

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// A rawConn is one connection to a server that obeys no rules.
type rawConn struct {
	net.Conn
	in *bufio.Reader
}

// readRequest reads one whole request; ok is false when there is none.
func (c *rawConn) readRequest() (ok bool) {
	r, err := http.ReadRequest(c.in)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err == nil
}

func (c *rawConn) write(text string) { _, _ = io.WriteString(c, text) }

// rawServer gives each connection to handle and closes it after.
func rawServer(t *testing.T, handle func(*rawConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveConns(t, l, handle)
	return "http://" + l.Addr().String()
}

func serveConns(t *testing.T, l net.Listener, handle func(*rawConn)) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				handle(&rawConn{c, bufio.NewReader(c)})
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
}
