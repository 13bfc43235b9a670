package manifest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

// policyOf compares shares by their values.
var policyOf = cmp.Comparer(func(a, b batch.Share) bool { return a == b })

func share(t testing.TB, text string) *batch.Share {
	t.Helper()
	s, err := batch.ParseShare(text)
	if err != nil {
		t.Fatal(err)
	}
	return &s
}

func TestPolicy(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       batch.Policy
	}{
		{"nothing is bounded", "", batch.Policy{}},
		{
			"every key",
			`price: {perRun: 0.02, perMinute: 0.000001, roundUp: 1m}
budget: {runs: 500, minutes: 3000, usd: 25.10}
canary: {tasks: 20, pass: 90%}
halt: {failures: 2.5%, min: 20, per: group}
accept: 98%
`,
			batch.Policy{
				Price:  &batch.Price{PerRun: 20_000, PerMinute: 1, RoundUp: time.Minute},
				Budget: batch.Budget{Runs: 500, Time: 50 * time.Hour, USD: 25_100_000},
				Canary: batch.Canary{Tasks: 20, Pass: share(t, "90%")},
				Halt:   batch.Halt{Failures: share(t, "2.5%"), Min: 20, PerGroup: true},
				Accept: share(t, "98%"),
			},
		},
		{
			"short forms and counts",
			"canary: 30\nhalt: {failures: 1}\naccept: 0\nbudget: {minutes: 0.5}\n",
			batch.Policy{
				Budget: batch.Budget{Time: 30 * time.Second},
				Canary: batch.Canary{Tasks: 30},
				Halt:   batch.Halt{Failures: share(t, "1")},
				Accept: share(t, "0"),
			},
		},
		{
			"a run that is free, and all of a canary as a count",
			"price: {perRun: 0}\ncanary: {tasks: 2, pass: 2}\naccept: 100%\n",
			batch.Policy{
				Price:  &batch.Price{},
				Canary: batch.Canary{Tasks: 2, Pass: share(t, "2")},
				Accept: share(t, "100%"),
			},
		},
		{
			"tenths of minutes are not cut",
			"budget: {minutes: 0.1}\nprice: {perMinute: 1.000001, roundUp: 1h30m}\n",
			batch.Policy{
				Budget: batch.Budget{Time: 6 * time.Second},
				Price:  &batch.Price{PerMinute: 1_000_001, RoundUp: 90 * time.Minute},
			},
		},
	} {
		m := load(t, "version: 1\n"+c.text+"tasks: [{task: a, group: g}]\n", nil)
		if diff := cmp.Diff(c.want, m.Policy, policyOf); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if len(m.Warnings) > 0 {
			t.Errorf("%s: got the warnings %v", c.name, m.Warnings)
		}
	}
}

func TestLimits(t *testing.T) {
	m := load(t, "version: 1\ncontinueWithin: 2d\nlimits: {concurrency: 3, requestsPerSecond: 0.5, createsPerMinute: 2.5, perGroup: 4}\ntasks: [{task: a, group: g}]\n", nil)
	if m.Concurrency != 3 || m.RequestsPerSecond != 0.5 || m.CreatesPerMinute != 2.5 || m.PerGroup != 4 || m.ContinueWithin != 48*time.Hour {
		t.Errorf("got %v %v %v %v %v", m.Concurrency, m.RequestsPerSecond, m.CreatesPerMinute, m.PerGroup, m.ContinueWithin)
	}
	m = load(t, "version: 1\ntasks: [{task: a}]\n", nil)
	if m.Concurrency != 0 || m.RequestsPerSecond != 0 || m.CreatesPerMinute != 0 || m.PerGroup != 0 || m.ContinueWithin != 0 {
		t.Errorf("got %v %v %v %v %v, want zeros", m.Concurrency, m.RequestsPerSecond, m.CreatesPerMinute, m.PerGroup, m.ContinueWithin)
	}
}

// A task's retry is laid over that of the defaults, key by key.
func TestRetry(t *testing.T) {
	failed := []string{"failed"}
	for _, c := range []struct {
		defaults, own string
		want          batch.Retry
	}{
		{"", "", batch.Retry{}},
		{"", "{max: 2}", batch.Retry{Max: 2, On: failed, Backoff: 30 * time.Second}},
		{"", "{max: 0}", batch.Retry{On: failed, Backoff: 30 * time.Second}},
		{"", "{max: 1, on: [timed_out, invalid], backoff: 5s}", batch.Retry{Max: 1, On: []string{"timed_out", "invalid"}, Backoff: 5 * time.Second}},
		{"{max: 3, on: [lost], backoff: 1m}", "", batch.Retry{Max: 3, On: []string{"lost"}, Backoff: time.Minute}},
		{"{max: 3, on: [lost], backoff: 1m}", "{on: [panic]}", batch.Retry{Max: 3, On: []string{"panic"}, Backoff: time.Minute}},
		{"{max: 3, on: [lost], backoff: 1m}", "{on: null, max: 1}", batch.Retry{Max: 1, On: failed, Backoff: time.Minute}},
		{"{max: 3, on: [lost], backoff: 1m}", "{backoff: null}", batch.Retry{Max: 3, On: []string{"lost"}, Backoff: 30 * time.Second}},
		{"{max: 3, on: [lost], backoff: 1m}", "null", batch.Retry{}},
		{"{backoff: 1m}", "{max: 1}", batch.Retry{Max: 1, On: failed, Backoff: time.Minute}},
		{
			"", "{max: 100, on: [failed, invalid, wrong, run_failed, stopped, timed_out, deadline, rejected, lost, not_found, panic]}",
			batch.Retry{Max: 100, On: []string{"failed", "invalid", "wrong", "run_failed", "stopped", "timed_out", "deadline", "rejected", "lost", "not_found", "panic"}, Backoff: 30 * time.Second},
		},
	} {
		m := load(t, merged("retry", c.defaults, c.own), nil)
		for task, err := range m.Tasks(nil) {
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, task.Retry); diff != "" {
				t.Errorf("%s over %s (-want +got):\n%s", c.own, c.defaults, diff)
			}
		}
		if len(m.Warnings) > 0 {
			t.Errorf("%s over %s: got the warnings %v", c.own, c.defaults, m.Warnings)
		}
	}
}

// merged is a manifest of one task with a key of its own and one of the
// defaults; "" leaves one out.
func merged(key, defaults, own string) string {
	text := "version: 1\n"
	if defaults != "" {
		text += "defaults: {" + key + ": " + defaults + "}\n"
	}
	text += "tasks:\n  - id: a\n    task: x\n"
	if own != "" {
		text += "    " + key + ": " + own + "\n"
	}
	return text
}

// Every reason and every final outcome that a task can end with is a word for
// retry.on, but those that must not be tried again.
func TestRetryKnowsTheReasons(t *testing.T) {
	var words []string
	j := newJudge(&problems{}, nil)
	words = append(words, j.root.Defs["retryOn"].words()...)
	known := map[string]bool{}
	for _, w := range words {
		known[w] = true
	}
	for _, r := range []batch.Reason{batch.RunFailed, batch.Stopped, batch.TimedOut, batch.Deadline, batch.Rejected, batch.Lost, batch.Panicked} {
		if !known[string(r)] {
			t.Errorf("the reason %s is missing", r)
		}
	}
	for _, o := range []batch.Outcome{batch.Failed, batch.Invalid} {
		if !known[string(o)] {
			t.Errorf("the outcome %s is missing", o)
		}
	}
	for _, o := range []batch.Outcome{batch.Passed, batch.Unknown, batch.NotStarted, batch.Pending, batch.Running} {
		if known[string(o)] {
			t.Errorf("a task that is %s would be tried again", o)
		}
	}
}

// A group is that of the row, or else that of the defaults; the tags are all of
// them, in their order.
func TestGroupAndTags(t *testing.T) {
	m := load(t, `version: 1
defaults: {group: all, tags: [z, b]}
tasks:
  - {task: a}
  - {task: b, group: null, tags: [a, z]}
  - {id: "${{ row.k }}", forEach: r.csv, task: "c ${{ row.k }}", group: " site-${{ row.site }} ", tags: ["${{ row.site }}"]}
  - {id: "e${{ row.k }}", forEach: r.csv, task: "d ${{ row.k }}", group: "${{ row.site }}", repeat: 2, tags: null}
`, map[string]string{"r.csv": "k,site\n1,de\n2, \n"})
	var got [][]string
	for task, err := range m.Tasks(nil) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, append([]string{task.ID, task.Group}, task.Tags...))
	}
	want := [][]string{
		{"task-1", "all", "z", "b"},
		{"task-2", "", "z", "b", "a"},
		{"1", "site-de", "z", "b", "de"},
		{"2", "site-", "z", "b"},
		{"e1#1", "de"}, {"e1#2", "de"}, {"e2#1", ""}, {"e2#2", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Neither policies nor retries, repetitions, groups are part of what is bought.
func TestPoliciesAreNotInFingerprints(t *testing.T) {
	prints := func(text string) (out []string) {
		m := load(t, "version: 1\ntasks: [{id: a, task: t"+text+"}]\n", nil)
		for task, err := range m.Tasks(nil) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, task.Spec.RunFingerprint(), task.JudgeFingerprint())
		}
		return out
	}
	once := prints("")
	if diff := cmp.Diff(append(once, once...), prints(", retry: {max: 2}, repeat: 2, group: g")); diff != "" {
		t.Error(diff)
	}
}
