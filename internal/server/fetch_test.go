package server

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPublicAddresses(t *testing.T) {
	for _, s := range []string{
		"127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255",
		"0.0.0.0", "0.1.2.3", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:100.64.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1",
		"ff02::1", "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:db8::1", "100::1", "3fff::1", "5f00::1",
	} {
		if public(netip.MustParseAddr(s)) {
			t.Errorf("%s counts as public", s)
		}
	}
	for _, s := range []string{"1.1.1.1", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "64:ff9b::101:101", "2002:101:101::1", "::ffff:1.1.1.1"} {
		if !public(netip.MustParseAddr(s)) {
			t.Errorf("%s does not count as public", s)
		}
	}
}

// serve answers pages on a loopback port.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	asked := 0
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { asked++ })
	port := url[strings.LastIndex(url, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "127.0.0.2", "0.0.0.0", "10.1.2.3", "169.254.169.254", "100.64.1.1"} {
		for _, c := range []PageConfig{{}, {IgnoreRobots: true}} {
			a := visit(t, c, "see http://"+host+port+"/", "")
			if a.Cause == nil || a.Cause.Code != "ADDRESS_REFUSED" || !strings.Contains(a.Cause.Message, host+port) {
				t.Errorf("%s: got %+v", host, a.Cause)
			}
		}
	}
	if asked > 0 {
		t.Errorf("%d requests went out", asked)
	}
}

// A redirect is dialled under the same rules as the address of the task, from
// wherever it comes.
func TestRedirectsIntoPrivateAreRefused(t *testing.T) {
	inside := 0
	private := serve(t, func(w http.ResponseWriter, _ *http.Request) { inside++ })
	public := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(private, "127.0.0.1", "127.0.0.2", 1)+"/admin", http.StatusFound)
	})
	a := Page(PageConfig{IgnoreRobots: true}).(*pageAgent)
	a.fetcher.permit = func(ip netip.Addr) bool { return ip == netip.MustParseAddr("127.0.0.1") }
	got, err := a.Work(t.Context(), Run{Task: "see " + public, OpenSession: func() {}})
	if err != nil || got.Cause == nil || got.Cause.Code != "ADDRESS_REFUSED" || !strings.Contains(got.Cause.Message, "127.0.0.2") {
		t.Errorf("got %+v %v", got.Cause, err)
	}
	if inside > 0 {
		t.Error("the private page was asked")
	}
	// Nor does robots.txt lead there.
	robots := Page(PageConfig{}).(*pageAgent)
	robots.fetcher.permit = a.fetcher.permit
	if got, _ := robots.Work(t.Context(), Run{Task: "see " + public, OpenSession: func() {}}); got.Cause == nil || got.Cause.Code != "ADDRESS_REFUSED" {
		t.Errorf("got %+v", got.Cause)
	}
}

func TestRedirects(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		switch r.URL.Path {
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/site":
			http.Redirect(w, r, "https://site.example/shop/page", http.StatusFound)
		case "/bad":
			w.Header().Set("Location", "http://[::1")
			w.WriteHeader(302)
		case "/none":
			w.WriteHeader(302)
		default:
			_, _ = fmt.Sscanf(r.URL.Path, "/%d", &n)
			if n == 0 {
				http.SetCookie(w, &http.Cookie{Name: "c", Value: "1"})
				_, _ = fmt.Fprintf(w, "<title>end</title><p>%s", r.Header.Get("Cookie"))
				return
			}
			http.SetCookie(w, &http.Cookie{Name: "c", Value: "1"})
			http.Redirect(w, r, fmt.Sprintf("/%d#f", n-1), http.StatusFound)
		}
	})
	local := PageConfig{AllowPrivate: true, IgnoreRobots: true}
	if a := visit(t, local, "see "+url+"/5", ""); string(a.Result) != `{"text":"","title":"end","url":"`+url+`/0"}` {
		t.Errorf("five redirects: got %s %v, want the last page and no cookie", a.Result, a.Cause)
	}
	if a := visit(t, local, "see "+url+"/site", ""); !strings.Contains(string(a.Result), `"Page"`) {
		t.Errorf("from the net to a site: got %s %v", a.Result, a.Cause)
	}
	for path, code := range map[string]string{"/6": "TOO_MANY_REDIRECTS", "/file": "BAD_REDIRECT", "/bad": "BAD_REDIRECT", "/none": "PAGE_HTTP_ERROR"} {
		if a := visit(t, local, "see "+url+path, ""); a.Cause == nil || a.Cause.Code != code {
			t.Errorf("%s: got %s %+v, want %s", path, a.Result, a.Cause, code)
		}
	}
}

func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	proxied := false
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { proxied = true })
	t.Setenv("HTTP_PROXY", proxy)
	t.Setenv("http_proxy", proxy)
	visit(t, PageConfig{IgnoreRobots: true}, "see http://nowhere.invalid/", "")
	if proxied {
		t.Error("a proxy was asked")
	}
	if newFetcher(PageConfig{}).transport.Proxy != nil {
		t.Error("the transport has a proxy")
	}
}

func TestPagesAreCutAtTheirLimit(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte("<title>bomb</title><p>"))
		chunk := make([]byte, 1<<20)
		for i := range chunk {
			chunk[i] = 'x'
		}
		for range 64 {
			if _, err := z.Write(chunk); err != nil {
				return
			}
		}
		_ = z.Close()
	})
	a := Page(PageConfig{AllowPrivate: true, IgnoreRobots: true}).(*pageAgent)
	d, err := a.fetcher.page(t.Context(), findAddresses(url)[0])
	if err != nil || len(d.body) != maxPageBytes {
		t.Fatalf("got %v, want %d bytes", err, maxPageBytes)
	}
}

func TestCharsetsAndKinds(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/latin":
			w.Header().Set("Content-Type", "text/html; charset=iso-8859-1")
			_, _ = w.Write([]byte("<title>caf\xe9</title>"))
		case "/meta":
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<meta charset=shift_jis><title>\x93\xfa\x96{</title>"))
		case "/pdf":
			w.Header().Set("Content-Type", "application/pdf")
		case "/sniffed":
			w.Header()["Content-Type"] = nil
			_, _ = w.Write([]byte("<html><title>sniffed</title>"))
		case "/500":
			w.WriteHeader(500)
		case "/deep":
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<title>deep</title>" + strings.Repeat("<div>", 100_000)))
		}
	})
	c := PageConfig{AllowPrivate: true, IgnoreRobots: true}
	for path, want := range map[string]string{"/latin": "café", "/meta": "日本", "/sniffed": "sniffed"} {
		if a := visit(t, c, "see "+url+path, ""); !strings.Contains(string(a.Result), `"`+want+`"`) {
			t.Errorf("%s: got %s %v", path, a.Result, a.Cause)
		}
	}
	for path, code := range map[string]string{"/pdf": "NOT_A_PAGE", "/500": "PAGE_HTTP_ERROR", "/deep": "PAGE_UNREADABLE"} {
		if a := visit(t, c, "see "+url+path, ""); a.Cause == nil || a.Cause.Code != code {
			t.Errorf("%s: got %s %+v, want %s", path, a.Result, a.Cause, code)
		}
	}
}

func TestRobots(t *testing.T) {
	const text = "\uFEFF# all\nUser-agent: *\nDisallow: /\n\nUser-Agent: other\nUser-agent: BBBatch/1\nDisallow: /p # no\nAllow: /p/ok\nDisallow: /*.pdf$\nDisallow: /a*b*c\nDisallow:\n\nUser-agent: bbbatch\nDisallow: /second\n"
	rules := parseRobots([]byte(text), "bbbatch")
	for where, want := range map[string]bool{"/": true, "/p": false, "/p/x": false, "/p/ok/1": true, "/x.pdf": false, "/x.pdf?y": true, "/a1b2c3": false, "/acb": true, "/second": false, "/robots.txt": true} {
		if got := rules.allow(where); got != want {
			t.Errorf("%s: got %v, want %v", where, got, want)
		}
	}
	if parseRobots([]byte(text), "someone").allow("/x") {
		t.Error("the rules of * must hold for everyone else")
	}
	if !parseRobots([]byte("Disallow: /"), "bbbatch").allow("/x") {
		t.Error("a rule outside a group counts for nobody")
	}
}

func TestRobotsAreAskedOnce(t *testing.T) {
	asked, status := 0, 200
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			asked++
			w.WriteHeader(status)
			_, _ = w.Write([]byte("User-agent: *\nDisallow: /no"))
			return
		}
		_, _ = w.Write([]byte("<html><title>x</title>"))
	})
	agent := Page(PageConfig{AllowPrivate: true})
	try := func(path string) *Cause {
		a, err := agent.Work(t.Context(), Run{Task: "see " + url + path, OpenSession: func() {}})
		if err != nil {
			t.Fatal(err)
		}
		return a.Cause
	}
	if c := try("/yes"); c != nil {
		t.Errorf("got %+v", c)
	}
	if c := try("/no"); c == nil || c.Code != "ROBOTS_DISALLOWED" {
		t.Errorf("got %+v", c)
	}
	if asked != 1 {
		t.Errorf("got %d readings, want 1", asked)
	}
	agent, status = Page(PageConfig{AllowPrivate: true}), 503
	if c := try("/yes"); c == nil || c.Code != "ROBOTS_DISALLOWED" {
		t.Errorf("got %+v: an origin that can't say allows nothing", c)
	} else if !strings.Contains(c.Message, "/robots.txt answers 503") {
		t.Errorf("got %q, want what robots.txt answered", c.Message)
	}
	status = 200
	if c := try("/yes"); c != nil {
		t.Errorf("got %+v: the origin can say again", c)
	}
	agent, status = Page(PageConfig{AllowPrivate: true}), 404
	if c := try("/no"); c != nil {
		t.Errorf("got %+v: no file, no rules", c)
	}
}

func TestSitesStayInTheirFolder(t *testing.T) {
	outside, folder := t.TempDir(), t.TempDir()
	page := []byte("<title>secret</title>")
	for _, f := range []string{filepath.Join(outside, "secret.html"), filepath.Join(folder, "in.html")} {
		if err := os.WriteFile(f, page, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(folder, "out")); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(filepath.Join(outside, "secret.html"), filepath.Join(folder, "link.html")); err != nil {
		t.Skip(err)
	}
	c := PageConfig{Sites: map[string]string{"https://s.example": folder}}
	if a := visit(t, c, "see https://s.example/in", ""); a.Cause != nil {
		t.Errorf("got %+v", a.Cause)
	}
	for _, path := range []string{"out/secret.html", "link.html", "link", "%2e%2e/secret.html", "..%2f" + filepath.Base(outside) + "/secret.html", "a%5c..%5cin"} {
		if a := visit(t, c, "see https://s.example/"+path, ""); a.Cause == nil || a.Cause.Code != "PAGE_HTTP_ERROR" {
			t.Errorf("%s: got %s %+v", path, a.Result, a.Cause)
		}
	}
	c.Sites["https://s.example"] = filepath.Join(folder, "nothing")
	if a := visit(t, c, "see https://s.example/in", ""); a.Cause == nil || a.Status != statusFailed {
		t.Errorf("got %+v", a)
	}
}

func TestStopEndsAPageThatHangs(t *testing.T) {
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s := start(t, "", Config{Agent: Page(PageConfig{AllowPrivate: true, IgnoreRobots: true})})
	id := s.create(`{"task":"see ` + url + `"}`)
	s.await(id, "RUNNING")
	s.do("POST", "/v1/agents/runs/"+id+"/stop", "", 202)
	s.await(id, "STOPPED")
}

// A page built to be expensive is read within the budget of a large one.
func TestHostilePages(t *testing.T) {
	for name, page := range map[string]string{
		"nested items":   strings.Repeat(`<div itemscope itemprop=a>`, 450) + strings.Repeat("<b>x</b>", 100_000),
		"nested tables":  strings.Repeat(`<table><tr><td>`, 120) + strings.Repeat("<i>x</i>", 100_000),
		"itemref circle": `<div itemscope itemref="a b"><span itemprop=x></span></div><div id=a itemprop=y itemscope itemref="b a"></div><div id=b itemprop=z itemscope itemref="a b"></div>`,
		"many items":     strings.Repeat(`<div itemscope><b itemprop=name>x</b></div>`, 60_000),
		"ld circle":      `<script type="application/ld+json">{"@graph":[{"@id":"a","@type":"Product","offers":{"@id":"b"}},{"@id":"b","offers":{"@id":"a"},"x":1}]}</script>`,
		"wide span":      `<table><tr><th colspan=1000000000>a<th>b</tr><tr><td colspan=99999999999>1</table>`,
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "x.html"), []byte(page), 0o600); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			a := visit(t, PageConfig{Sites: map[string]string{"https://s.example": folder}}, "see https://s.example/x",
				props(`"name":{"type":"string"},"price":{"type":"number"},"list":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"}}}}`))
			if d := time.Since(begun); d > time.Minute {
				t.Errorf("took %v", d)
			}
			if a.Status != "" {
				t.Logf("got %+v", a.Cause)
			}
		})
	}
}

func FuzzPage(f *testing.F) {
	for _, name := range []string{"jsonld", "microdata", "tables", "list", "odd"} {
		text, err := os.ReadFile("testdata/site/" + name + ".html")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, `{"type":"object","required":["name"],"properties":{"name":{"type":["string","null"]},"price":{"type":"number"},"items":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"url":{"format":"uri"}}}}}}`)
	}
	address := findAddresses("https://s.example/x")[0]
	f.Fuzz(func(t *testing.T, text []byte, schema string) {
		doc, err := parse(t.Context(), &document{address, "text/html", text})
		if err != nil {
			return
		}
		first, err := fill([]byte(schema), []*facts{gather(doc, address)})
		if err != nil {
			return
		}
		again, _ := fill([]byte(schema), []*facts{gather(doc, address)})
		if string(first) != string(again) {
			t.Errorf("got %s and then %s", first, again)
		}
	})
}
