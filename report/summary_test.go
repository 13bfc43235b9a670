package report

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

func TestSummary(t *testing.T) {
	all := batch.Summary{
		Info: batch.Info{Total: 12}, Counts: map[batch.Outcome]int{batch.Passed: 12}, Runs: 14, RunTime: 190 * time.Second,
	}
	bad := batch.Summary{
		Info:   batch.Info{Total: 5000, Halted: "the key was refused\x1b[2J"},
		Counts: map[batch.Outcome]int{batch.Passed: 4000, batch.Invalid: 2, batch.Failed: 1, batch.Unknown: 1, batch.NotStarted: 996},
		Runs:   1, RunTime: 0, Leaked: 1,
		Failures: []batch.Failure{
			{Outcome: batch.Invalid, Message: "/price: must be above 0", Count: 2, Example: "sku-3"},
			{Outcome: batch.Failed, Reason: batch.RunFailed, Message: strings.Repeat("x", 1000), Count: 1, Example: "sku\n4"},
		},
	}
	middle := batch.Summary{Info: batch.Info{Total: 3}, Failures: bad.Failures}
	part := all
	part.Info.Selection = "--select 'a*' --limit 12"
	narrow := bad
	narrow.Info.Halted = "the service refused the key, nothing more was started"
	expected := all
	expected.Whole = []batch.WholeVerdict{
		{Expectation: batch.Expectation{That: "passed > 1"}, Holds: true},
		{Expectation: batch.Expectation{That: "total > 20"}, Message: "total > 20 is false: it is\x1b 12"},
	}
	unevaluated := all
	unevaluated.Info.ID, unevaluated.Unevaluated = "7f3a0000", true
	for _, test := range []struct {
		s    batch.Summary
		o    SummaryOptions
		want string
	}{
		{unevaluated, SummaryOptions{}, "not ok: 12 of 12 passed\n  12 passed\n  14 runs, 3m10s of run time\n  batchExpect: not evaluated; bbbatch recheck 7f3a0000 --write does that\n"},
		{expected, SummaryOptions{}, "not ok: 12 of 12 passed\n  12 passed\n  14 runs, 3m10s of run time\n  batchExpect: total > 20 is false: it is\uFFFD 12\n"},
		{all, SummaryOptions{}, "ok: 12 of 12 passed\n  12 passed\n  14 runs, 3m10s of run time\n"},
		{bad, SummaryOptions{Color: true, Reports: []string{"a.csv", "b.jsonl"}, Next: "bbbatch apply tasks.yaml"},
			"\x1b[31mnot ok\x1b[0m: 4,000 of 5,000 passed\n" +
				"  4,000 passed, 2 invalid, 1 failed, 1 unknown, 996 not_started\n" +
				"  1 run, 0.0s of run time\n" +
				"  halted: the key was refused\uFFFD[2J\n" +
				"  2 invalid: /price: must be above 0, such as sku-3\n" +
				"  1 failed: run_failed: " + strings.Repeat("x", maxLine-len("run_failed: ")-1) + "…, such as sku 4\n" +
				"  unknown: for 1 task it could not be settled whether a run was bought;\n" +
				"    look at the runs that the reports name, or at those of that time, before it is bought again\n" +
				"  secrets: 1 result contains the value of a secret (\"leaked\" in JSONL); look before you pass the reports on\n" +
				"  report: a.csv\n  report: b.jsonl\n" +
				"next: bbbatch apply tasks.yaml\n"},
		{batch.Summary{Info: batch.Info{Total: 9}, Failures: bad.Failures, Kinds: 6}, SummaryOptions{},
			"not ok: 0 of 9 passed\n  0 runs, 0.0s of run time\n" +
				"  2 invalid: /price: must be above 0, such as sku-3\n" +
				"  1 failed: run_failed: " + strings.Repeat("x", maxLine-len("run_failed: ")-1) + "…, such as sku 4\n" +
				"  and 4 more kinds of failure: see the report\n"},
		{batch.Summary{Info: batch.Info{Total: 9}, Failures: bad.Failures[:1], Kinds: 2}, SummaryOptions{Width: 30},
			"not ok: 0 of 9 passed\n  0 runs, 0.0s of run time\n" +
				"  2 invalid: /price: must be…\n    such as sku-3\n" +
				"  and 1 more kind of failure:\n    see the report\n"},
		{middle, SummaryOptions{Width: 60},
			"not ok: 0 of 3 passed\n  0 runs, 0.0s of run time\n" +
				"  2 invalid: /price: must be above 0, such as sku-3\n" +
				"  1 failed: run_failed: " + strings.Repeat("x", 19) + "…, such as sku 4\n"},
		{narrow, SummaryOptions{Width: 40, Reports: []string{"a/long/path/to/a/report/that/is/wide.csv"}},
			"not ok: 4,000 of 5,000 passed\n" +
				"  4,000 passed, 2 invalid, 1 failed, 1\n    unknown, 996 not_started\n" +
				"  1 run, 0.0s of run time\n" +
				"  halted: the service refused the key,\n    nothing more was started\n" +
				"  2 invalid: /price: must be above 0\n    such as sku-3\n" +
				"  1 failed: run_failed: " + strings.Repeat("x", 14) + "…\n    such as sku 4\n" +
				"  unknown: for 1 task it could not be\n    settled whether a run was bought;\n" +
				"    look at the runs that the reports\n      name, or at those of that time,\n      before it is bought again\n" +
				"  secrets: 1 result contains the value\n    of a secret (\"leaked\" in JSONL);\n    look before you pass the reports on\n" +
				"  report: a/long/path/to/a/report/that/is/wide.csv\n"},
		{part, SummaryOptions{Of: 1200, Reports: []string{"a.csv"}},
			"ok: 12 of 12 passed\n  12 of 1,200 tasks selected: --select 'a*' --limit 12; the reports have these alone\n" +
				"  12 passed\n  14 runs, 3m10s of run time\n  report: a.csv\n"},
		{part, SummaryOptions{Of: 12, Reports: []string{"a.csv"}},
			"ok: 12 of 12 passed\n  12 of 12 tasks selected: --select 'a*' --limit 12\n  12 passed\n  14 runs, 3m10s of run time\n  report: a.csv\n"},
		{part, SummaryOptions{}, "ok: 12 of 12 passed\n  12 tasks selected: --select 'a*' --limit 12\n  12 passed\n  14 runs, 3m10s of run time\n"},
	} {
		var out strings.Builder
		if err := Summary(&out, test.s, test.o); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, out.String()); diff != "" {
			t.Error(diff)
		}
	}
}
