package batch

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf16"
)

func TestSecretsAreMaskedInEveryWriting(t *testing.T) {
	long := strings.Repeat("eyJhbGciOi", 15)
	x := Secrets{"Q": `pa"ss\w<rd`, "P": "abc/def~ghi", "LONG": long}
	for _, s := range []string{
		`it is "pa\"ss\\w<rd"`, `it is "pa\"ss\\w\u003crd"`, "/tokens/abc~1def~0ghi/x", `got "Bearer ` + long[:60] + `…"`,
	} {
		got := x.Masker().Mask(s)
		if !strings.Contains(got, "***") {
			t.Errorf("Mask(%q) = %q", s, got)
		}
	}
	raw := json.RawMessage(`{"v":"pa\"ss\\w<rd"}`)
	if got := newLeakFinder(x).in(Result{Raw: raw, Size: int64(len(raw))}); len(got) != 1 {
		t.Errorf("in(%s) = %v, want Q", raw, got)
	}
}

func TestOverlappingSecretsAreMaskedWhole(t *testing.T) {
	x := Secrets{"A": "abcdefgh", "B": "ghijklmnop", "C": "cdefgh"}
	for s, want := range map[string]string{
		"<abcdefghijklmnop>":      "<***A***>",
		"<abcdefgh> <ghijklmnop>": "<***A***> <***B***>",
		"abcdefghabcdefgh":        "***A******A***",
		"abcdef":                  "abcdef",
		"abcdef…":                 "***A***…",
		"wxyz":                    "wxyz",
	} {
		if got := x.Masker().Mask(s); got != want {
			t.Errorf("Mask(%q): got %q, want %q", s, got, want)
		}
	}
	if got := (Secrets{"PIN": "12345"}).Masker().Mask("12345"); got != "12345" {
		t.Errorf("a short secret: got %q, want it as it is", got)
	}
	if got := (Secrets{"PIN": "12345", "NO": "", "LONG": "123456"}).TooShort(); !slices.Equal(got, []string{"PIN"}) {
		t.Errorf("TooShort: got %v, want PIN", got)
	}
}

// A leak is found in memory and in a file, across the pieces that the file is
// read in, whatever escapes a string is written with.
func TestALeakIsFoundHoweverItIsEscaped(t *testing.T) {
	const value = "pässword \"1\" \U0001f511 end"
	finder := newLeakFinder(Secrets{"P": value, "OTHER": "not in there"})
	var escaped strings.Builder
	for _, unit := range utf16.Encode([]rune(value)) {
		fmt.Fprintf(&escaped, `\u%04X`, unit)
	}
	plain, _ := json.Marshal(value)
	for name, text := range map[string]string{
		"plain": string(plain), "escaped": `"` + escaped.String() + `"`,
		"in base64":     `"` + base64.StdEncoding.EncodeToString([]byte("me:"+value+"!")) + `"`,
		"in an address": `"https:\/\/x.example\/?p=` + url.QueryEscape(value) + `"`,
	} {
		for _, before := range []int{0, 1, 64<<10 - 20, 64<<10 - 1, 64 << 10, 200_000} {
			raw := json.RawMessage(`["` + strings.Repeat("x", before) + `\\",` + text + `,"` + strings.Repeat("y", 1000) + `"]`)
			file := filepath.Join(t.TempDir(), "result")
			if err := os.WriteFile(file, raw, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, result := range []Result{{Raw: raw, Size: int64(len(raw))}, {File: file, Size: int64(len(raw))}} {
				if got := finder.in(result); !slices.Equal(got, []string{"P"}) {
					t.Errorf("%s after %d bytes, file %q: got %v, want P", name, before, result.File, got)
				}
			}
		}
	}
	for _, text := range []string{`"\`, `"\u12`, `"\ud83d\u`, `"\ud83d`, `\`} {
		raw := json.RawMessage(text)
		if got := finder.in(Result{Raw: raw, Size: int64(len(raw))}); len(got) > 0 {
			t.Errorf("%s: got %v, want none", text, got)
		}
	}
}

// A run id that holds a long secret is none; a short one may stand in it by
// chance, and the run is not lost for that.
func TestARunIDThatHoldsASecret(t *testing.T) {
	for _, c := range []struct {
		secret string
		want   Outcome
	}{{"0123456789abcdef", Unknown}, {"012345", Passed}} {
		synctest.Test(t, func(t *testing.T) {
			l, s, conf := bench(t, 1)
			conf.Secrets = Secrets{"PW": c.secret}
			s.start = func(int, Spec) (Observed, error) {
				return Observed{ID: "run-" + c.secret, Status: StatusCompleted, SessionID: "session-" + c.secret}, nil
			}
			s.get = func(string, *fakeRun) (Observed, error) {
				return Observed{ID: "run-" + c.secret, Status: StatusCompleted, Result: Result{Raw: json.RawMessage(`{"ok":true}`), Size: 11}}, nil
			}
			if err := Run(t.Context(), conf); err != nil {
				t.Fatal(err)
			}
			for _, e := range l.events {
				if e.Verdict != nil && e.Verdict.Outcome != c.want {
					t.Errorf("a secret of %d bytes: outcome %s, want %s", len(c.secret), e.Verdict.Outcome, c.want)
				}
				if text := fmt.Sprintf("%+v %+v", e, e.Run); c.want == Unknown && strings.Contains(text, c.secret) {
					t.Errorf("%s holds the secret", e.Kind)
				}
			}
		})
	}
}

func BenchmarkLeaksInAResult(b *testing.B) {
	finder := newLeakFinder(Secrets{"KEY": "bb_live_0123456789abcdef0123"})
	raw := json.RawMessage(`{"text":"` + strings.Repeat("a normal word, ", 68) + `\n"}`)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if len(finder.in(Result{Raw: raw, Size: int64(len(raw))})) > 0 {
			b.Fatal("found")
		}
	}
}

func TestTheCauseInACreatesAnswerIsMasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		c.Secrets = Secrets{"PW": "hunter2hunter2"}
		s.start = func(int, Spec) (Observed, error) {
			return Observed{ID: "r", Status: StatusFailed, Cause: &Cause{Code: "X", Message: "bad hunter2hunter2"}}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for _, e := range l.events {
			if e.Run != nil && e.Run.Cause != nil && strings.Contains(e.Run.Cause.Message, "hunter2") {
				t.Errorf("%s holds the secret", e.Kind)
			}
		}
	})
}

// An agent's own schema would be stored, and stand in every message about what
// breaks it: one that holds a secret is not used, and nothing is bought.
func TestAnAgentsSchemaThatHoldsASecretIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := tasks(t, 1)
		all[0].Schema, all[0].Spec.ResultSchema, all[0].Spec.AgentID = nil, nil, "parrot"
		l := newMemory(all)
		s := newService(t, l)
		s.agent = func(string) (json.RawMessage, error) {
			return json.RawMessage(`{"type":"object","properties":{"x":{"const":"\u0068unter2hunter2"}}}`), nil
		}
		err := Run(t.Context(), Config{Provider: s, Ledger: l, Tasks: sequence(all), Secrets: Secrets{"PW": "hunter2hunter2"}})
		if err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "failed")
		if v := l.verdict(0); v.Reason != Rejected || !strings.Contains(v.Message, "holds the value of a secret") || s.creates["do t1"] != 0 {
			t.Errorf("verdict %+v after %d creates, want nothing bought", v, s.creates["do t1"])
		}
		if len(l.agents) != 0 {
			t.Errorf("the ledger keeps %s", l.agents)
		}
	})
}
