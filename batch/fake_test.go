package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bbbatch/bbbatch/schema"
)

// memory is a Ledger of maps that checks the moves as the real one does. The
// real one has its own tests; this one lives in synctest's bubble.
type memory struct {
	mu      sync.Mutex
	rows    []Row
	results map[int]Result
	schemas map[string][]byte
	checks  map[string]Checks
	facts   map[int]Facts
	agents  map[string][]byte
	owned   map[string]bool
	echoes  Echoes
	others  []Doubt // of other batches
	events  []Event
	closed  bool
	whole   []WholeVerdict
	broken  error
	typical time.Duration // of every template
	slow    time.Duration // that the end of a run takes to be written
}

func newMemory(tasks []Task) *memory {
	m := &memory{
		results: map[int]Result{}, schemas: map[string][]byte{}, checks: map[string]Checks{}, facts: map[int]Facts{},
		agents: map[string][]byte{}, owned: map[string]bool{},
	}
	for _, t := range tasks {
		row := Row{
			Position: t.Position, ID: t.ID, Run: t.Spec.RunFingerprint(), Judge: t.JudgeFingerprint(),
			State: StatePending, Timeout: t.Timeout, AgentID: t.Spec.AgentID, Text: t.Spec.Task,
			Place: t.Position, Template: t.Template, Group: t.Group, Repeat: t.Repeat, Skip: t.Skip,
			Hidden: slices.Sorted(maps.Keys(t.Hidden)), Checks: t.Checks.Digest(),
		}
		if t.Skip != "" {
			row.State, row.Outcome = StateDone, Skipped
		}
		if row.Checks != "" {
			m.checks[row.Checks] = *t.Checks
		}
		m.facts[t.Position] = Facts{Row: t.Row, Matrix: t.Matrix, Tags: t.Tags}
		if t.Schema != nil {
			row.Schema = t.Schema.Digest()
			m.schemas[row.Schema] = t.Schema.Text()
		}
		m.rows = append(m.rows, row)
	}
	return m
}

func (m *memory) Append(events ...Event) error {
	if events[0].Kind == AttemptEnded {
		time.Sleep(m.slow)
	}
	for _, e := range events {
		if err := m.add(e); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) add(e Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	if e.Position >= 0 {
		if err := m.move(&m.rows[e.Position], e); err != nil {
			return err
		}
	}
	switch e.Kind {
	case AgentRead:
		m.agents[e.Agent] = e.Schema
	case BatchClosed:
		m.closed, m.whole = true, e.Whole
	}
	m.events = append(m.events, e)
	return nil
}

func (m *memory) move(row *Row, e Event) error {
	from := map[Kind][]State{
		AttemptIntended: {StatePending}, AttemptStarted: {StateStarting}, AttemptUnknown: {StateStarting},
		AttemptAdopted: {StateUnsure, StatePending}, AttemptRejected: {StateStarting, StateUnsure}, RunObserved: {StateRunning}, StopIntended: {StateRunning},
		AttemptEnded: {StateRunning}, TaskJudged: {StatePending, StateUnsure, StateRunning, StateEnded},
		TaskSkipped: {StatePending}, TaskReused: {StatePending}, TaskRetried: {StatePending, StateUnsure, StateRunning, StateEnded, StateDone},
	}[e.Kind]
	ok := false
	for _, s := range from {
		ok = ok || s == row.State
	}
	takes := e.Kind == AttemptStarted || e.Kind == AttemptAdopted
	if !ok || takes && m.owned[e.Run.ID] {
		return fmt.Errorf("%s in state %s: %w", e.Kind, row.State, ErrConflict)
	}
	switch e.Kind {
	case AttemptIntended:
		row.State, row.Attempt, row.IntendedAt, row.Offset = StateStarting, e.Attempt, e.At, e.Offset
		row.Digest, row.Marker, row.Absent, row.Spent = e.Digest, e.Marker, false, false
		row.StopAt, row.StopWhy = time.Time{}, ""
	case AttemptStarted:
		row.State, row.RunID, row.Status, row.StartedAt = StateRunning, e.Run.ID, e.Run.Status, e.At
		m.owned[e.Run.ID] = true
		if e.Echo != nil {
			m.see(row.Marker, *e.Echo)
		}
	case AttemptAdopted:
		row.State, row.Attempt, row.RunID, row.Status, row.StartedAt = StateRunning, e.Attempt, e.Run.ID, e.Run.Status, e.At
		m.owned[e.Run.ID] = true
	case AttemptUnknown:
		row.State = StateUnsure
	case AttemptRejected:
		row.Absent = row.State == StateUnsure
		row.State = StatePending
	case RunObserved:
		row.Status = e.Run.Status
	case StopIntended:
		row.StopAt, row.StopWhy = e.At, e.Why
	case AttemptEnded:
		row.State, row.Status = StateEnded, e.Run.Status
		m.results[row.Position] = e.Run.Result
	case TaskJudged, TaskSkipped, TaskReused:
		row.State, row.Outcome = StateDone, e.Verdict.Outcome
	case TaskRetried:
		row.State, row.Outcome, row.Spent = StatePending, "", true
		row.Retries, row.After = e.Retries, e.After
	}
	return nil
}

func (m *memory) Named(id string) (Row, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		if r.ID == id {
			return r, true, nil
		}
	}
	return Row{}, false, nil
}

func (m *memory) Members(group string) ([]Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var members []Row
	for _, r := range m.rows {
		if r.Repeat != nil && r.Repeat.Group == group {
			members = append(members, r)
		}
	}
	return members, nil
}

func (m *memory) Tallies() ([]Tally, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := map[Tally]int{}
	members := map[string][]Row{}
	for _, r := range m.rows {
		switch {
		case r.Left:
		case r.Repeat != nil:
			members[r.Repeat.Group] = append(members[r.Repeat.Group], r)
		case r.State == StateDone:
			counts[Tally{Group: r.Group, Outcome: r.Outcome}]++
		}
	}
	for _, rows := range members {
		switch f := fateOf(*rows[0].Repeat, rows); {
		case f.won():
			counts[Tally{Group: rows[0].Group, Outcome: Passed}]++
		case f.lost():
			counts[Tally{Group: rows[0].Group, Outcome: Failed}]++
		}
	}
	var tallies []Tally
	for t, n := range counts {
		t.Tasks = n
		tallies = append(tallies, t)
	}
	return tallies, nil
}

func (m *memory) Usage(p Price) (u Usage, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	lasted := map[string]time.Duration{}
	for _, e := range m.events {
		switch e.Kind {
		case AttemptIntended:
			u.Runs++
		case AttemptRejected:
			u.Runs--
		case AttemptEnded:
			lasted[e.Run.ID] = e.Run.EndedAt.Sub(e.Run.CreatedAt)
		}
	}
	for _, length := range lasted {
		u.Ended++
		u.Time += p.Time(length)
		u.USD += p.Of(length)
	}
	return u, nil
}

func (m *memory) Typical(string) (time.Duration, error) { return m.typical, nil }

func (m *memory) Task(position int) (Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rows[position], nil
}

func (m *memory) Rows(from int) iter.Seq2[Row, error] {
	return m.where(from, func(Row) bool { return true })
}

func (m *memory) Open(states ...State) iter.Seq2[Row, error] {
	return m.where(0, func(r Row) bool {
		for _, s := range states {
			if r.State == s {
				return true
			}
		}
		return false
	})
}

// pageRows is how many rows are read at a time: what is yielded may be old.
const pageRows = 200

func (m *memory) where(from int, keep func(Row) bool) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for i := from; i < len(m.rows); i += pageRows {
			m.mu.Lock()
			page := slices.Clone(m.rows[i:min(i+pageRows, len(m.rows))])
			m.mu.Unlock()
			for _, row := range page {
				if keep(row) && !yield(row, nil) {
					return
				}
			}
		}
	}
}

func (m *memory) Result(position, _ int) (Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.results[position], nil
}

func (m *memory) Checks(digest string) (Checks, error) {
	c, ok := m.checks[digest]
	if !ok {
		return c, errors.New("no such checks")
	}
	return c, nil
}

func (m *memory) Facts(position int) (Facts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.facts[position]
	for _, e := range m.events {
		if e.Position != position || e.Run == nil {
			continue
		}
		f.CreatedAt, f.StartedAt, f.EndedAt = firstTime(e.Run.CreatedAt, f.CreatedAt), firstTime(e.Run.StartedAt, f.StartedAt), firstTime(e.Run.EndedAt, f.EndedAt)
	}
	return f, nil
}

func (m *memory) Records(from int) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for row, err := range m.Rows(from) {
			if err != nil {
				yield(Record{}, err)
				return
			}
			r := Record{Position: row.Position, Place: row.Place, ID: row.ID, State: row.State, Outcome: row.Outcome, Left: row.Left, Result: m.results[row.Position]}
			if row.State == StateDone {
				r.Verdict = m.verdict(row.Position)
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (m *memory) Schema(digest string) ([]byte, error) { return m.schemas[digest], nil }

func (m *memory) Agent(id string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, ok := m.agents[id]
	return text, ok, nil
}

func (m *memory) Owns(id string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.owned[id], nil
}

func (m *memory) see(marker string, e Echo) {
	was := m.echoes
	m.echoes.Seen++
	m.echoes.Text = e.Text && (was.Seen == 0 || was.Text)
	m.echoes.Agent = e.Agent && (was.Seen == 0 || was.Agent)
	m.echoes.Schema = e.Schema && (was.Seen == 0 || was.Schema)
	if marker != "" {
		m.echoes.Marked++
		m.echoes.Marker = e.Marker && (was.Marked == 0 || was.Marker)
	}
}

func (m *memory) Echoes() (Echoes, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.echoes, nil
}

func (m *memory) Doubts(time.Time) iter.Seq2[Doubt, error] {
	return func(yield func(Doubt, error) bool) {
		for _, row := range m.rows {
			if row.State == StateUnsure || row.Outcome == Unknown {
				if !yield(Doubt{Text: row.Text, Agent: row.AgentID, Digest: row.Digest}, nil) {
					return
				}
			}
		}
		for _, d := range m.others {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// outcomes lists the tasks' outcomes in order, or the states of those not done.
func (m *memory) outcomes() []string {
	var all []string
	for _, r := range m.rows {
		if r.State == StateDone {
			all = append(all, string(r.Outcome))
		} else {
			all = append(all, "("+string(r.State)+")")
		}
	}
	return all
}

func (m *memory) verdict(position int) Verdict {
	for _, e := range m.events {
		if e.Kind == TaskJudged && e.Position == position {
			return *e.Verdict
		}
	}
	return Verdict{}
}

func (m *memory) kinds(position int) []Kind {
	var all []Kind
	for _, e := range m.events {
		if e.Position == position {
			all = append(all, e.Kind)
		}
	}
	return all
}

// service is a Provider whose every answer a test can replace. By default a
// run completes after length with the result {"ok":true}.
type service struct {
	t      *testing.T
	ledger *memory
	length time.Duration

	start   func(n int, s Spec) (Observed, error)                      // n counts the creates from 1
	sent    func(ctx context.Context, n int, s Spec) (Observed, error) // in place of start
	get     func(id string, run *fakeRun) (Observed, error)
	list    func(since time.Time) ([]Observed, error) // by default every run
	repeat  func(Observed) Observed                   // changes what is repeated of a request
	check   error
	checked func() error // in place of check
	agent   func(id string) (json.RawMessage, error)

	mu       sync.Mutex
	creates  map[string]int // sent, by text
	n        int
	runs     map[string]*fakeRun
	stops    []string
	lists    []time.Time
	inFlight int
	most     int
}

type fakeRun struct {
	spec    Spec
	began   time.Time
	looks   int
	stopped bool
	over    bool
}

func newService(t *testing.T, l *memory) *service {
	return &service{t: t, ledger: l, length: time.Minute, creates: map[string]int{}, runs: map[string]*fakeRun{}}
}

func (s *service) Check(context.Context) (time.Duration, error) {
	if s.checked != nil {
		return 0, s.checked()
	}
	return 0, s.check
}

func (s *service) Start(ctx context.Context, spec Spec) (Observed, error) {
	s.mu.Lock()
	s.creates[spec.Task]++
	s.n++
	n := s.n
	s.mu.Unlock()
	s.intended(spec)
	if s.sent != nil {
		return s.sent(ctx, n, spec)
	}
	if s.start != nil {
		if run, err := s.start(n, spec); run.ID != "" || err != nil {
			if err == nil {
				s.add(run.ID, spec)
			}
			return run, err
		}
	}
	id := fmt.Sprintf("run-%d", n)
	s.add(id, spec)
	return s.echo(id, spec), nil
}

// echo is a run as an answer or a listing repeats it.
func (s *service) echo(id string, spec Spec) Observed {
	o := Observed{ID: id, Status: StatusPending, Task: spec.Task, AgentID: spec.AgentID, Schema: spec.ResultSchema}
	if s.repeat != nil {
		o = s.repeat(o)
	}
	return o
}

// intended fails the test when a create is sent whose intent is not durable.
func (s *service) intended(spec Spec) {
	for i := range s.ledger.rows {
		if row, _ := s.ledger.Task(i); strings.HasPrefix(spec.Task, row.Text) && row.State == StateStarting {
			return
		}
	}
	s.t.Errorf("a create of %q was sent before its intent was in the ledger", spec.Task)
}

func (s *service) add(id string, spec Spec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs[id] = &fakeRun{spec: spec, began: time.Now()}
	s.inFlight++
	s.most = max(s.most, s.inFlight)
}

func (s *service) Get(_ context.Context, id string) (Observed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	run := s.runs[id]
	if run == nil {
		return Observed{}, ErrNotFound
	}
	run.looks++
	if s.get != nil {
		if o, err := s.get(id, run); o.ID != "" || err != nil {
			return s.ended(run, o), err
		}
	}
	switch {
	case run.stopped:
		return s.ended(run, Observed{ID: id, Status: StatusStopped}), nil
	case time.Since(run.began) >= s.length:
		return s.ended(run, completed(id, `{"ok":true}`)), nil
	}
	return Observed{ID: id, Status: StatusRunning}, nil
}

func (s *service) ended(run *fakeRun, o Observed) Observed {
	if o.Status.Ended() && !run.over {
		run.over = true
		s.inFlight--
	}
	return o
}

func completed(id, result string) Observed {
	return Observed{ID: id, Status: StatusCompleted, Result: Result{Raw: json.RawMessage(result), Size: int64(len(result))}}
}

func (s *service) Stop(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops = append(s.stops, id)
	if time.Since(s.runs[id].began) >= s.length {
		return ErrAlreadyEnded
	}
	s.runs[id].stopped = true
	return nil
}

func (s *service) List(_ context.Context, since time.Time) iter.Seq2[Observed, error] {
	return func(yield func(Observed, error) bool) {
		s.mu.Lock()
		s.lists = append(s.lists, time.Now())
		s.mu.Unlock()
		runs, err := s.all(), error(nil)
		if s.list != nil {
			runs, err = s.list(since)
		}
		for _, r := range runs {
			if !yield(r, nil) {
				return
			}
		}
		if err != nil {
			yield(Observed{}, err)
		}
	}
}

// all lists every run, in the order of their ids.
func (s *service) all() []Observed {
	s.mu.Lock()
	defer s.mu.Unlock()
	var runs []Observed
	for _, id := range slices.Sorted(maps.Keys(s.runs)) {
		runs = append(runs, s.echo(id, s.runs[id].spec))
	}
	return runs
}

func (s *service) AgentSchema(_ context.Context, id string) (json.RawMessage, error) {
	if s.agent == nil {
		return nil, ErrNotFound
	}
	return s.agent(id)
}

// tasks makes n tasks that want {"ok": boolean}.
func tasks(t *testing.T, n int) []Task {
	t.Helper()
	s, err := schema.Compile([]byte(`{"type":"object","required":["ok"],"properties":{"ok":{"type":"boolean"}}}`), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all []Task
	for i := range n {
		id := fmt.Sprintf("t%d", i+1)
		all = append(all, Task{
			Position: i, ID: id, Template: "tasks[0]", Schema: s, Timeout: 10 * time.Minute,
			Spec: Spec{Task: "do " + id, ResultSchema: s.Text()},
		})
	}
	return all
}

func sequence(tasks []Task) iter.Seq2[Task, error] {
	return func(yield func(Task, error) bool) {
		for _, t := range tasks {
			if !yield(t, nil) {
				return
			}
		}
	}
}

var errReset = errors.New("connection reset by peer")
