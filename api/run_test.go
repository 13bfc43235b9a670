package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var testLimits = Limits{MaxResultBytes: 1000}

func TestDecodeRun(t *testing.T) {
	at := time.Date(2026, 1, 19, 8, 30, 0, 0, time.UTC)
	const required = `"runId":"r1","status":"RUNNING"`
	for _, c := range []struct {
		name, doc string
		want      Run
	}{
		{"every member", `{"runId":"r1","task":"look","status":"COMPLETED","agentId":"a","sessionId":"s","sandboxId":"b",
			"resultSchema":{"type": "object"},"result":{"x": 1.50},"cause":{"code":"C","message":"m","more":[{}]},
			"createdAt":"2026-01-19T08:30:00Z","updatedAt":"2026-01-19T10:30:00.000+02:00","startedAt":"2026-01-19T08:30:00Z","endedAt":"2026-01-19T08:30:00Z","new":{"a":[1]}}`,
			Run{RunID: "r1", Task: "look", Status: "COMPLETED", AgentID: "a", SessionID: "s", SandboxID: "b",
				ResultSchema: []byte(`{"type": "object"}`), Result: []byte(`{"x": 1.50}`), ResultSize: 11,
				Cause: &Cause{"C", "m"}, CreatedAt: at, UpdatedAt: at, StartedAt: at, EndedAt: at}},
		{"only what is required", `{` + required + `}`, Run{RunID: "r1", Status: "RUNNING"}},
		{"wrong types", `{` + required + `,"task":5,"agentId":{},"sessionId":[1],"cause":7,"createdAt":1768811400,"endedAt":"yesterday","resultSchema":null,"result":null}`,
			Run{RunID: "r1", Status: "RUNNING"}},
		{"cause as a string", `{` + required + `,"cause":"why"}`, Run{RunID: "r1", Status: "RUNNING", Cause: &Cause{Message: "why"}}},
		{"cause of wrong members", `{` + required + `,"cause":{"code":1,"message":[]}}`, Run{RunID: "r1", Status: "RUNNING"}},
		{"an unknown status", `{"runId":"r1","status":"DREAMING"}`, Run{RunID: "r1", Status: "DREAMING"}},
		{"the last of two wins", `{"runId":"x","result":1,"runId":"r1","status":"A","status":"B","result":"two"}`,
			Run{RunID: "r1", Status: "B", Result: []byte(`"two"`), ResultSize: 5}},
		{"an escaped name", `{"\u0072unId":"r1","status":"A"}`, Run{RunID: "r1", Status: "A"}},
		{"names are exact", `{` + required + `,"RUNID":"r2","Status":"X"}`, Run{RunID: "r1", Status: "RUNNING"}},
		{"overlong", `{"runId":"r1","status":"` + strings.Repeat("S", 100) + `","sessionId":"` + strings.Repeat("x", 257) + `","cause":{"code":"` +
			strings.Repeat("c", 300) + `","message":"` + strings.Repeat("é", 3000) + `"}}`,
			Run{RunID: "r1", Status: strings.Repeat("S", 63) + "…", Cause: &Cause{strings.Repeat("c", 199) + "…", strings.Repeat("é", 1999) + "…"}}},
		{"not UTF-8", "{\"runId\":\"r1\",\"status\":\"A\",\"task\":\"a\xffb\"}", Run{RunID: "r1", Status: "A", Task: "a\ufffdb"}},
		{"a result of any kind", `{` + required + `,"result": false }`, Run{RunID: "r1", Status: "RUNNING", Result: []byte(`false`), ResultSize: 5}},
		{"a huge number", `{` + required + `,"result":1e10000000}`, Run{RunID: "r1", Status: "RUNNING", Result: []byte(`1e10000000`), ResultSize: 10}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := DecodeRun(strings.NewReader(c.doc), testLimits)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error("-want +got", diff)
			}
		})
	}
}

func TestDecodeRunNamesWhatIsMissing(t *testing.T) {
	for _, c := range []struct{ doc, field string }{
		{`{}`, "runId"},
		{`{"status":"A"}`, "runId"},
		{`{"runId":5,"status":"A"}`, "runId"},
		{`{"runId":"","status":"A"}`, "runId"},
		{`{"runId":"..","status":"A"}`, "runId"},
		{`{"runId":"a\nb","status":"A"}`, "runId"},
		{`{"runId":"` + strings.Repeat("x", 257) + `","status":"A"}`, "runId"},
		{`{"runId":"a","runId":null,"status":"A"}`, "runId"},
		{`{"runId":"a"}`, "status"},
		{`{"runId":"a","status":{}}`, "status"},
	} {
		_, err := DecodeRun(strings.NewReader(c.doc), testLimits)
		var field *FieldError
		if !errors.As(err, &field) || field.Field != c.field {
			t.Errorf("%.60s: got %v, want a FieldError for %s", c.doc, err, c.field)
		}
	}
	for _, doc := range []string{`[]`, `"a"`, `null`, `{"runId":"a","status":"b"} x`} {
		if _, err := DecodeRun(strings.NewReader(doc), testLimits); err == nil {
			t.Errorf("%s: got no error", doc)
		}
	}
}

func TestCutRunKeepsItsID(t *testing.T) {
	got, err := DecodeRun(strings.NewReader(`{"runId":"r1","status":"PEN`), testLimits)
	if got.RunID != "r1" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v", got.RunID, err)
	}
	got, err = DecodeRun(strings.NewReader(`{"runId":"r1`), testLimits)
	if got.RunID != "" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half an id: got %q, %v", got.RunID, err)
	}
}

func runWithResult(id string, size int) string {
	return fmt.Sprintf(`{"runId":%q,"status":"COMPLETED","result":"%s"}`, id, strings.Repeat("x", size-2))
}

func TestLargeResult(t *testing.T) {
	doc := runWithResult("r1", 100_000)
	if _, err := DecodeRun(strings.NewReader(doc), testLimits); !errors.Is(err, ErrTooLarge) {
		t.Errorf("without a folder: got %v, want ErrTooLarge", err)
	}
	if run, err := DecodeRun(strings.NewReader(runWithResult("r1", 1000)), testLimits); err != nil || len(run.Result) != 1000 {
		t.Errorf("at the limit: got %d bytes, %v", len(run.Result), err)
	}

	dir := t.TempDir()
	run, err := DecodeRun(strings.NewReader(doc), Limits{MaxResultBytes: 1000, SpillDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if run.Result != nil || run.ResultSize != 100_000 || filepath.Dir(run.ResultFile) != dir {
		t.Errorf("got %d bytes, size %d, file %q", len(run.Result), run.ResultSize, run.ResultFile)
	}
	text, err := os.ReadFile(run.ResultFile)
	if err != nil || string(text) != `"`+strings.Repeat("x", 99_998)+`"` {
		t.Errorf("the file has %d bytes, %v", len(text), err)
	}
	if info, err := os.Stat(run.ResultFile); err != nil || (info.Mode().Perm() != 0o600 && runtime.GOOS != "windows") {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}
}

func TestNoFileIsLeftBehind(t *testing.T) {
	large := `"` + strings.Repeat("x", 5000) + `"`
	for name, doc := range map[string]string{
		"cut short":      `{"runId":"r","status":"A","result":` + large[:4000],
		"bad afterwards": `{"runId":"r","status":"A","result":` + large + `,}`,
		"no id":          `{"status":"A","result":` + large + `}`,
		"a second one":   `{"runId":"r","status":"A","result":` + large + `,"result":1}`,
	} {
		dir := t.TempDir()
		_, _ = DecodeRun(strings.NewReader(doc), Limits{MaxResultBytes: 1000, SpillDir: dir})
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: left %s", name, left[0].Name())
		}
	}
}

func TestHostileRunSparesItsPage(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 5000) + strings.Repeat(`]}`, 5000)
	doc := `{"data":[` + strings.Join([]string{
		runWithResult("before", 10),
		`{"runId":"deep","status":"COMPLETED","result":` + deep + `}`,
		`{"runId":"number","status":"COMPLETED","result":1e10000000}`,
		runWithResult("large", 50_000_000),
		`null`, `{"status":"A"}`, `[]`,
		`{"runId":"cause","status":"FAILED","cause":` + deep + `}`,
		runWithResult("after", 10),
	}, ",") + `],"limit":20,"nextCursor":"c2"}`
	page, err := DecodePage(strings.NewReader(doc), Limits{MaxResultBytes: 1 << 20, SpillDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range page.Runs {
		got = append(got, fmt.Sprintf("%s %d %d %s", r.RunID, r.ResultSize, len(r.Result), r.ResultFile))
	}
	want := []string{"before 10 10 ", "deep 40000 40000 ", "number 10 10 ", "large 50000000 0 ", "cause 0 0 ", "after 10 10 "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("-want +got", diff)
	}
	if page.NextCursor != "c2" || page.Limit != 20 {
		t.Errorf("got cursor %q, limit %d", page.NextCursor, page.Limit)
	}
	if page.Unreadable == nil || !strings.Contains(page.Unreadable.Error(), "data[4]") {
		t.Errorf("got %v, want the first entry that is no run", page.Unreadable)
	}
}

func TestDecodePageErrors(t *testing.T) {
	for _, doc := range []string{
		`{}`, `{"limit":20,"nextCursor":null}`, `{"data":null,"nextCursor":null}`, `{"data":{},"nextCursor":null}`, `[]`,
		`{"data":[],"nextCursor":5}`, `{"data":[],"nextCursor":"` + strings.Repeat("c", 5000) + `"}`, `{"data":[`, `{"data":[]`,
		`{"data":[` + strings.Repeat(`{"runId":"a","status":"b"},`, 10_000) + `{}],"nextCursor":null}`,
	} {
		if _, err := DecodePage(strings.NewReader(doc), testLimits); err == nil {
			t.Errorf("%.60s: got no error", doc)
		}
	}
	page, err := DecodePage(strings.NewReader(`{"nextCursor":null,"limit":"x","data":[]}`), testLimits)
	if err != nil || len(page.Runs) != 0 || page.NextCursor != "" || page.Limit != 0 {
		t.Errorf("an empty page: got %+v, %v", page, err)
	}
}

func TestPageSharesItsMemory(t *testing.T) {
	doc := `{"data":[` + runWithResult("a", 600) + `,` + runWithResult("b", 600) + `,` + runWithResult("c", 300) + `],"nextCursor":null}`
	page, err := DecodePage(strings.NewReader(doc), Limits{MaxResultBytes: 1000, MaxPageBytes: 1000})
	if err != nil || len(page.Runs) != 3 {
		t.Fatal(len(page.Runs), err)
	}
	if a, b, c := page.Runs[0], page.Runs[1], page.Runs[2]; a.Result == nil || b.Result != nil || b.ResultSize != 600 || c.Result == nil {
		t.Errorf("got %d, %d of %d, %d bytes", len(a.Result), len(b.Result), b.ResultSize, len(c.Result))
	}
	// A text is needed to find a run by it: none is silently left out.
	row := `{"runId":"a","status":"A","task":"` + strings.Repeat("x", 300) + `","resultSchema":"` + strings.Repeat("x", 300) + `"}`
	if _, err := DecodePage(strings.NewReader(`{"data":[`+row+`,`+row+`]}`), Limits{MaxPageBytes: 1000}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

// Where encoding/json reads a run, DecodeRun reads the same; and whatever it
// reads, the result is a piece of what came.
func FuzzRun(f *testing.F) {
	for _, doc := range []string{
		`{"runId":"r","status":"COMPLETED","result":{"a":[1e10000000]},"cause":{"code":"C","message":"m"},"createdAt":"2026-01-19T08:00:00Z"}`,
		`{"runId":"r","runId":5,"result":1,"result":null}`, `{"runId":"\u0061\n","\u0072esult":"\ud800"}`, "{\"runId\":\"a\x00\",\"result\":\"\x01\xff\"}",
		`{"cause":"text","status":"` + strings.Repeat("é", 65) + `"}`, `{"runId":"r","result":[}`, `[]`, `{"result": 12 }`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		run, err := DecodeRun(strings.NewReader(string(doc)), Limits{MaxResultBytes: 1 << 20})
		if !strings.Contains(string(doc), string(run.Result)) || int64(len(run.Result)) != run.ResultSize {
			t.Errorf("got the result %q of %d bytes, which did not come", run.Result, run.ResultSize)
		}
		if err == nil && (run.RunID == "" || run.Status == "" || !printable(run.RunID)) {
			t.Errorf("got %+v without an error", run)
		}
		var want map[string]json.RawMessage
		if json.Unmarshal(doc, &want) != nil || want == nil {
			if err == nil && !sound(doc) && deepest(doc) < 10_000 {
				t.Errorf("got %+v from what is no JSON", run)
			}
			return
		}
		var field *FieldError
		if err != nil && !errors.As(err, &field) {
			t.Fatalf("got %v for JSON", err)
		}
		if result := strings.TrimSpace(string(want["result"])); err == nil && result != string(run.Result) && result != "null" {
			t.Errorf("got the result %q, want %q", run.Result, result)
		}
		var id, status string
		if json.Unmarshal(want["runId"], &id) == nil && utf8.RuneCountInString(id) <= maxID && printable(id) && id != run.RunID {
			t.Errorf("got the id %q, want %q", run.RunID, id)
		}
		if json.Unmarshal(want["status"], &status) == nil && utf8.RuneCountInString(status) <= maxStatus && status != run.Status {
			t.Errorf("got the status %q, want %q", run.Status, status)
		}
	})
}
