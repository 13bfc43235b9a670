package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbatch/bbbatch/batch"
)

// members makes a repetition of which pass must pass, from a word for each
// member: the first letter of its outcome.
func members(group string, pass int, words string) (out []batch.Record) {
	for i, c := range words {
		id := fmt.Sprintf("%s#%d", group, i+1)
		m := done(i, id, batch.Passed, fmt.Sprintf(`{"v":%d}`, i+1))
		switch c {
		case 'f':
			m.Outcome = batch.Failed
			m.Attempts[0].Status, m.Result = "FAILED", batch.Result{}
		case 'i':
			m.Outcome = batch.Invalid
		case 's':
			m.Outcome, m.Attempts, m.Result = batch.Skipped, nil, batch.Result{}
		case 'r':
			m.State, m.Outcome, m.Result = batch.StateRunning, batch.Running, batch.Result{}
			m.Attempts[0].Status = "RUNNING"
		case 'o':
			m.State, m.Outcome, m.Attempts, m.Result = batch.StatePending, batch.Pending, nil, batch.Result{}
		case 'n':
			m.State, m.Outcome, m.Attempts, m.Result = batch.StatePending, batch.NotStarted, nil, batch.Result{}
		}
		m.Verdict = batch.Verdict{}
		if m.State == batch.StateDone {
			m.Verdict = batch.Verdict{Outcome: m.Outcome}
			switch c {
			case 'f':
				m.Verdict.Reason, m.Verdict.Message = batch.RunFailed, "broke"
			case 'i':
				m.Verdict.Message = "bad"
			case 's':
				m.Verdict.Message = "decided"
			}
		}
		m.Repeat = &batch.Repetition{Group: group, Number: i + 1, Times: len(words), Pass: pass}
		out = append(out, m)
	}
	return out
}

// cut are the cells of a table without those of times and money.
func cut(t *testing.T, o Options, s Source) []string {
	t.Helper()
	var rows []string
	for line := range strings.Lines(renderedAs(t, CSV, o, s)) {
		cells := strings.Split(strings.TrimSpace(line), ",")
		rows = append(rows, strings.Join(append(cells[:6:6], cells[11:]...), ","))
	}
	return rows[1:]
}

// The row of a repetition is what its members came to together.
func TestTheRowOfARepetition(t *testing.T) {
	for _, test := range []struct {
		pass  int
		words string
		want  string
	}{
		{2, "pp", "a,passed,,COMPLETED,2,run-a#1,2/2,1,"},
		{2, "fpp", "a,passed,,COMPLETED,3,run-a#2,2/3,2,"},
		{1, "pss", "a,passed,,COMPLETED,1,run-a#1,1/3,1,"},
		{1, "rpo", "a,passed,,COMPLETED,2,run-a#2,1/3,2,"}, // certain, though all are to run
		{3, "pfi", "a,failed,run_failed,COMPLETED,3,run-a#1,1/3,1,a#2: broke"},
		{3, "pif", "a,invalid,,COMPLETED,3,run-a#1,1/3,1,a#2: bad"},
		{2, "fis", "a,failed,run_failed,FAILED,2,run-a#1,0/3,,a#1: broke"},
		{2, "sif", "a,invalid,,COMPLETED,2,run-a#2,0/3,2,a#2: bad"},
		{2, "ii", "a,invalid,,COMPLETED,2,run-a#1,0/2,1,a#1: bad"},
		{2, "sss", "a,skipped,,,0,,0/3,,decided"},
		{3, "por", "a,running,,RUNNING,2,run-a#3,1/3,,"},
		{3, "poo", "a,pending,,COMPLETED,1,run-a#1,1/3,,"},
		{3, "frr", "a,failed,run_failed,FAILED,3,run-a#1,0/3,,a#1: broke"},
		{2, "fnp", "a,not_started,,COMPLETED,2,run-a#3,1/3,,"},
		{3, "nnn", "a,not_started,,,0,,0/3,,"},
		{0, "pp", "a,passed,,COMPLETED,2,run-a#1,2/2,1,"},
	} {
		s := &memory{schemas: [][]byte{[]byte(`{"properties":{"v":{}}}`)}, records: members("a", test.pass, test.words)}
		if diff := cmp.Diff([]string{test.want}, cut(t, Options{}, s)); diff != "" {
			t.Errorf("%d of %s: %s", test.pass, test.words, diff)
		}
	}
}

// Of a repetition of which only some members were selected, what they came to
// is told, and how many there would be.
func TestTheRowOfAPartOfARepetition(t *testing.T) {
	s := &memory{records: members("a", 3, "ppp")[1:2]}
	if got, want := cut(t, Options{}, s)[0], "a,passed,,COMPLETED,1,run-a#2,1/3,"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A member that passed with an earlier input has the definition of that time.
func TestTheRowOfAnEditedRepetition(t *testing.T) {
	old := members("a", 1, "p")[0]
	old.Stale = true
	s := &memory{records: append([]batch.Record{old}, members("a", 3, "rpo")[1:]...)}
	if got, want := cut(t, Options{}, s)[0], "a,pending,,COMPLETED,2,run-a#1,2/3,"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Each repetition has its row in the manifest's order, between tasks of their
// own; a member that left has its own.
func TestRowsOfRepetitionsAndTasks(t *testing.T) {
	left := members("b", 1, "fp")[1]
	left.Left = true
	records := append(members("a", 2, "ppp"), members("b", 1, "f")...)
	records = append(records, done(0, "single", batch.Passed, ""))
	records = append(records, members("c", 1, "ip")...)
	records = append(records, left)
	s := &memory{records: records}
	want := []string{
		"a,passed,,COMPLETED,3,run-a#1,3/3,",
		"b,failed,run_failed,FAILED,1,run-b#1,0/1,b#1: broke",
		"single,passed,,COMPLETED,1,run-single,,",
		"c,passed,,COMPLETED,2,run-c#2,1/2,",
		"b#2,passed,,COMPLETED,1,run-b#2,,",
	}
	if diff := cmp.Diff(want, cut(t, Options{}, s)); diff != "" {
		t.Error(diff)
	}
}

// where sees a repetition as one task, unless its members have a row each, and
// as they are in JSONL.
func TestWhereOfARepetition(t *testing.T) {
	s := &memory{records: append(members("a", 2, "fpp"), members("b", 3, "fpp")...)}
	o := Options{Where: func(r batch.Record) (bool, error) { return r.Outcome != batch.Passed, nil }}
	if diff := cmp.Diff([]string{"b,failed,run_failed,COMPLETED,3,run-b#2,2/3,b#1: broke"}, cut(t, o, s)); diff != "" {
		t.Error(diff)
	}
	if got := strings.Count(renderedAs(t, JSONL, o, s), "\n"); got != 2 {
		t.Errorf("JSONL: got %d records, want the two members that failed", got)
	}
	o.Repetitions = true
	if got := len(cut(t, o, s)); got != 2 {
		t.Errorf("a row for each member: got %d, want the two that failed", got)
	}
}

// What all members took is in the row.
func TestTheCostOfARepetition(t *testing.T) {
	records := members("a", 2, "ifp")
	records[1].Attempts = append(records[1].Attempts, records[1].Attempts...)
	for i := range records {
		records[i].Price = &batch.Price{PerRun: 20_000, PerMinute: 2_000, RoundUp: time.Minute}
	}
	row := strings.Split(strings.Split(rendered(t, CSV, &memory{records: records}), "\n")[1], ",")
	if got := row[4] + " " + row[9] + " " + row[10]; got != "4 4 0.088000" {
		t.Errorf("attempts, minutes and usd: got %s, want 4 4 0.088000", got)
	}
}
