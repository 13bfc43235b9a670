package batch

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
)

func TestSecretsAreMaskedInEveryWriting(t *testing.T) {
	long := strings.Repeat("eyJhbGciOi", 15)
	x := Secrets{"Q": `pa"ss\w<rd`, "P": "abc/def~ghi", "LONG": long}
	for _, s := range []string{
		`it is "pa\"ss\\w<rd"`, `it is "pa\"ss\\w\u003crd"`, "/tokens/abc~1def~0ghi/x", `got "Bearer ` + long[:60] + `…"`,
	} {
		got := x.Mask(s)
		if !strings.Contains(got, "***") {
			t.Errorf("Mask(%q) = %q", s, got)
		}
	}
	raw := json.RawMessage(`{"v":"pa\"ss\\w<rd"}`)
	if got := newLeakFinder(x).in(Result{Raw: raw, Size: int64(len(raw))}); len(got) != 1 {
		t.Errorf("in(%s) = %v, want Q", raw, got)
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
