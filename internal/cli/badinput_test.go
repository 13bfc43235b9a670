package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bbbatch/bbbatch/internal/server"
)

// unsent checks that the script's server got no request at all.
func unsent(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) > 0 || neg {
		ts.Fatalf("usage: unsent")
	}
	stats := ts.Value(serverKey{}).(*server.Server).Stats()
	for endpoint, n := range stats.Requests {
		if n > 0 {
			ts.Fatalf("the server got %d requests to %s, want none", n, endpoint)
		}
	}
	if stats.Creates > 0 {
		ts.Fatalf("the server accepted %d creates, want none", stats.Creates)
	}
}

// repeat FILE N TEXT appends a text N times to a file. \n, \t and \xff in it
// are what they are in Go, and {n} is the count, from 1.
func repeat(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 || neg {
		ts.Fatalf("usage: repeat FILE N TEXT")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(args[2], `"`, `\"`) + `"`)
	ts.Check(err)
	var out bytes.Buffer
	if !strings.Contains(text, "{n}") {
		out.WriteString(strings.Repeat(text, n))
	} else {
		for i := range n {
			out.WriteString(strings.ReplaceAll(text, "{n}", strconv.Itoa(i+1)))
		}
	}
	file, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	ts.Check(err)
	_, err = file.Write(out.Bytes())
	ts.Check(err)
	ts.Check(file.Close())
}

// elsewhere starts an HTTP server that is not the agents API and puts its
// address into $ELSEWHERE, and the same one with https, which it does not speak,
// into $TLS. The first part of the path says how it answers.
func elsewhere(ts *testscript.TestScript, neg bool, args []string) {
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch kind {
		case "page":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!doctype html><title>Welcome</title>")
		case "json":
			_, _ = io.WriteString(w, `{"hello": 1}`)
		case "login":
			http.Redirect(w, r, "https://login.example/?next="+r.Header.Get("X-BB-API-Key"), http.StatusFound)
		case "escape":
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprintf(w, "\x1b[31mno\x1b[0m\r\nbbbatch: ok %s", r.Header.Get("X-BB-API-Key"))
		default:
			status, err := strconv.Atoi(kind)
			if err != nil {
				http.NotFound(w, r)
				return
			}
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"statusCode":%d,"error":"Some error","message":"no, not with %s"}`, status, r.Header.Get("X-BB-API-Key"))
		}
	}))
	ts.Defer(h.Close)
	ts.Setenv("ELSEWHERE", h.URL)
	ts.Setenv("TLS", strings.Replace(h.URL, "http:", "https:", 1))
}
