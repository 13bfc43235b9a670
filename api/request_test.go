package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const testKey = "bb_live_0123456789"

func testClient(t *testing.T, base string, change func(*Config)) *Client {
	t.Helper()
	c := Config{BaseURL: base, Header: http.Header{"X-Bb-Api-Key": {testKey}}, Timeout: 5 * time.Second}
	if change != nil {
		change(&c)
	}
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

var get = Request{Op: "get run", Method: "GET", Path: "/v1/agents/runs/r1"}
var post = Request{Op: "create run", Method: "POST", Path: "/v1/agents/runs", Body: []byte(`{"task":"x"}`), Unsafe: true}

func drain(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }

func asError(t *testing.T, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	return e
}

func TestDoSendsWhatIsAsked(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || r.URL.Path != "/gateway/v1/agents/runs" || string(body) != `{"task":"x"}` || r.ContentLength != 12 ||
			r.Header.Get("X-BB-API-Key") != testKey || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("User-Agent") != "bbbatch" {
			t.Errorf("got %s %s %q, length %d, %v", r.Method, r.URL, body, r.ContentLength, r.Header)
		}
		w.Header().Set("X-Request-Id", "q1")
		w.WriteHeader(201)
		_, _ = io.WriteString(w, "hello")
	})
	var got []byte
	a, err := testClient(t, base+"/gateway/", nil).Do(t.Context(), post, func(r io.Reader) (err error) {
		got, err = io.ReadAll(r)
		return err
	})
	if err != nil || a.Status != 201 || a.RequestID != "q1" || string(got) != "hello" {
		t.Errorf("got %+v, %q, %v", a, got, err)
	}
}

func TestErrorWords(t *testing.T) {
	for _, c := range []struct {
		name, contentType, body string
		code, message           string
	}{
		{"the service's", "application/json", `{"statusCode":400,"error":"Bad Request","message":"task is required"}`, "Bad Request", "task is required"},
		{"a list", "application/json", `{"error":"Bad Request","message":["one","two"]}`, "Bad Request", "one; two"},
		{"an object", "application/json", `{"message":{"field": "task"}}`, "", `{"field":"task"}`},
		{"error alone", "application/json", `{"error":"no such run"}`, "", "no such run"},
		{"nested", "application/json", `{"error":{"code":"E1","message":"inner"}}`, "E1", "inner"},
		{"no known member", "application/json", `{"detail":"x"}`, "", `{"detail":"x"}`},
		{"cut JSON", "application/json", `{"message":"x`, "", `{"message":"x`},
		{"HTML", "text/html", `<html><body>secret stuff</body></html>`, "", "502 with an HTML page"},
		{"HTML as JSON", "application/json", "\n <!doctype html>", "", "502 with an HTML page"},
		{"plain", "text/plain", "upstream\r\n\x1b[31mdown\u202e\x00", "", "upstream [31mdown"},
		{"nothing", "", "", "", "502 Bad Gateway"},
		{"long", "text/plain", strings.Repeat("é", 100_000), "", strings.Repeat("é", 499) + "…"},
		{"echoes the key", "application/json", `{"message":"key ` + testKey + ` is bad"}`, "", "key [secret] is bad"},
		{"echoes it in pieces", "text/plain", "key bb_live_\x000123456789", "", "key [secret]"},
		{"echoes it at the cut", "text/plain", strings.Repeat("x", 490) + testKey, "", strings.Repeat("x", 490) + "[secret]"},
		{"echoes a variable", "text/plain", `value "pass\"word" is bad`, "", `value "[secret]" is bad`},
		{"code echoes the key", "application/json", `{"code":"` + testKey + `","message":"m"}`, "[secret]", "m"},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", c.contentType)
				w.Header().Set("X-Request-Id", "q-"+testKey)
				w.WriteHeader(502)
				_, _ = io.WriteString(w, c.body)
			})
			r := get
			r.Secrets = []string{`pass"word`}
			_, err := testClient(t, base, nil).Do(t.Context(), r, drain)
			e := asError(t, err)
			if e.Code != c.code || strings.TrimSuffix(e.Message, " ") != c.message {
				t.Errorf("got code %q, message %q, want %q, %q", e.Code, e.Message, c.code, c.message)
			}
			if e.Status != 502 || !e.Sent || e.RequestID != "q-[secret]" || e.URL != base+"/v1/agents/runs/r1" {
				t.Errorf("got %+v", e)
			}
			if strings.Contains(e.Error(), testKey) || !strings.HasPrefix(e.Error(), "get run: GET "+e.URL+": 502") {
				t.Errorf("got %q", e.Error())
			}
		})
	}
}

func TestErrorHidesTheQuery(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) })
	r := get
	r.Query = map[string][]string{"cursor": {"tok123"}}
	_, err := testClient(t, base, nil).Do(t.Context(), r, drain)
	if strings.Contains(err.Error(), "tok123") {
		t.Errorf("got %v", err)
	}
}

// What the server sends instead of HTTP is quoted by the transport's error.
func TestErrorHidesTheKeyInAMalformedAnswer(t *testing.T) {
	base := rawServer(t, func(c *rawConn) {
		c.readRequest()
		c.write("HTTP-nonsense " + testKey + "\r\n\r\n")
	})
	_, err := testClient(t, base, nil).Do(t.Context(), get, drain)
	e := asError(t, err)
	if strings.Contains(e.Error(), testKey) || !strings.Contains(e.Error(), "malformed") || !e.Sent {
		t.Errorf("got %v, sent %v", e, e.Sent)
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if strings.Contains(inner.Error(), testKey) {
			t.Errorf("the chain holds the key: %v", inner)
		}
	}
}

// However a service writes a secret in JSON that is shown as it came.
func TestErrorHidesASecretInEveryJSONForm(t *testing.T) {
	const secret = `p"ä/<1234`
	for _, written := range []string{`p\"ä/<1234`, `p\"\u00e4\/\u003c1234`, `\u0070\"\u00E4/<1234`} {
		for _, body := range []string{
			`{"errors":[{"value":"` + written + `"}]}`,
			`{"message":{"value":"` + written + `"}}`,
			`[{"value":"` + written + `"}]`,
			`not JSON: "` + written + `"`,
		} {
			base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, body)
			})
			r := post
			r.Secrets = []string{secret}
			_, err := testClient(t, base, nil).Do(t.Context(), r, drain)
			if e := asError(t, err); !strings.Contains(e.Message, `"`+hidden+`"`) || strings.Contains(e.Message, "1234") {
				t.Errorf("%s: got %s", body, e.Message)
			}
		}
	}
}

func TestDecodeErrorsKeepStatusAndCause(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(201)
		_, _ = io.WriteString(w, `{"runId":"a","sta`)
	})
	_, err := testClient(t, base, nil).Do(t.Context(), post, func(r io.Reader) error {
		_, err := DecodeRun(r, testLimits)
		return err
	})
	if e := asError(t, err); e.Status != 201 || !e.Sent || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %+v", e)
	}
}

func TestMaxBody(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1000)) })
	for limit, want := range map[int64]error{1000: nil, 999: ErrTooLarge, 1: ErrTooLarge} {
		n := 0
		_, err := testClient(t, base, func(c *Config) { c.MaxBody = limit }).Do(t.Context(), get, func(r io.Reader) error {
			text, err := io.ReadAll(r)
			n = len(text)
			return err
		})
		if !errors.Is(err, want) || int64(n) != limit {
			t.Errorf("limit %d: got %d bytes, %v, want %v", limit, n, err, want)
		}
	}
}

func TestTimeLimit(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"no answer": func(w http.ResponseWriter, r *http.Request) { _ = drain(r.Body); <-r.Context().Done() },
		"a body that stops": func(w http.ResponseWriter, r *http.Request) {
			_ = drain(r.Body)
			_, _ = io.WriteString(w, "{")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"a trickle": func(w http.ResponseWriter, r *http.Request) {
			_ = drain(r.Body)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(5 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := testClient(t, serve(t, h), func(c *Config) { c.Timeout = 100 * time.Millisecond })
			for _, r := range []Request{get, post} {
				began := time.Now()
				_, err := c.Do(t.Context(), r, drain)
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("took %v", took)
				}
				if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || !asError(t, err).Sent {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}

func TestASteadyBodyOutlastsTheTimeLimit(t *testing.T) {
	chunk := strings.Repeat("x", 64<<10)
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for range 10 {
			_, _ = io.WriteString(w, chunk)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(30 * time.Millisecond)
		}
	})
	if _, err := testClient(t, base, func(c *Config) { c.Timeout = 150 * time.Millisecond }).Do(t.Context(), get, drain); err != nil {
		t.Error(err)
	}
}

func TestCancelledWhileWaiting(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	detach := errors.New("second interrupt")
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = drain(r.Body)
		cancel(detach)
		<-r.Context().Done()
	})
	_, err := testClient(t, base, nil).Do(ctx, post, drain)
	e := asError(t, err)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, detach) || errors.Is(err, context.DeadlineExceeded) || !e.Sent {
		t.Errorf("got %v, sent %v", err, e.Sent)
	}
}

func TestRedirectsOfReads(t *testing.T) {
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the other host was asked, with key %q", r.Header.Get("X-Bb-Api-Key"))
	})
	hops := 0
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/near":
			http.Redirect(w, r, "/there", http.StatusFound)
		case "/far":
			http.Redirect(w, r, other+"/there?token=t", http.StatusFound)
		case "/loop":
			hops++
			http.Redirect(w, r, "/loop", http.StatusTemporaryRedirect)
		}
	})
	c := testClient(t, base, nil)
	r := get
	r.Path = "/near"
	if a, err := c.Do(t.Context(), r, drain); err != nil || a.Status != 200 {
		t.Errorf("within the host: got %+v, %v", a, err)
	}
	r.Path = "/far"
	_, err := c.Do(t.Context(), r, drain)
	if e := asError(t, err); e.Status != 302 || !strings.Contains(e.Message, other) || strings.Contains(e.Message, "token") {
		t.Errorf("to another host: got %v", e)
	}
	r.Path = "/loop"
	_, err = c.Do(t.Context(), r, drain)
	if e := asError(t, err); e.Status != 307 || hops != maxRedirects+1 {
		t.Errorf("in a circle: got %v after %d hops", e, hops)
	}
}

func TestNewRefuses(t *testing.T) {
	const password = "hunter2"
	for _, c := range []Config{
		{},
		{BaseURL: "api.example.com"},
		{BaseURL: "ftp://api.example.com"},
		{BaseURL: "https://"},
		{BaseURL: "https://user:" + password + "@api.example.com"},
		{BaseURL: "https://user:" + password + "%zz@api.example.com"},
		{BaseURL: "https://api.example.com?key=" + password},
		{BaseURL: "https://api.example.com#" + password},
		{BaseURL: "https://api.example.com", Header: http.Header{"X-Key": {password + "\n"}}},
		{BaseURL: "https://api.example.com", Header: http.Header{"X-Key": {""}}},
	} {
		_, err := New(c)
		if err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}
