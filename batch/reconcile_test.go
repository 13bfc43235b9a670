package batch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bbbatch/bbbatch/schema"
)

// accepts lets the service make a run and lose the answer.
func (s *service) accepts(id string, spec Spec) (Observed, error) {
	s.add(id, spec)
	return Observed{}, errReset
}

// lose loses the answer to the n-th create; kept says whether it made a run.
func (s *service) lose(kept bool, which ...int) {
	s.start = func(n int, spec Spec) (Observed, error) {
		for _, w := range which {
			if n == w && kept {
				return s.accepts(fmt.Sprintf("lost-%d", n), spec)
			}
			if n == w {
				return Observed{}, errReset
			}
		}
		return Observed{}, nil
	}
}

func dropComment(o Observed) Observed {
	var root map[string]any
	_ = json.Unmarshal(o.Schema, &root)
	delete(root, "$comment")
	o.Schema, _ = json.Marshal(root)
	return o
}

func dropSchema(o Observed) Observed {
	o.Schema = nil
	return o
}

func rewriteText(o Observed) Observed {
	o.Task = strings.ToUpper(o.Task)
	return o
}

func chain(fs ...func(Observed) Observed) func(Observed) Observed {
	return func(o Observed) Observed {
		for _, f := range fs {
			o = f(o)
		}
		return o
	}
}

// engine.md "Creating" 4: what becomes of the create whose answer was lost. Of
// three tasks one at a time, the second's answer is lost.
func TestALostAnswerIsReconciled(t *testing.T) {
	const settle = 30 * time.Second
	alien := func(text string) Observed { return Observed{ID: "alien", Status: StatusRunning, Task: text} }
	for _, c := range []struct {
		name    string
		kept    bool                            // the create made a run
		repeat  func(Observed) Observed         // what the service repeats
		list    func(all []Observed) []Observed // what a listing shows
		want    string                          // the outcome of the second task
		creates int                             // of the second task
		listed  int                             // complete listings
		as      string                          // the candidates
		set     func(c *Config, s *service)
	}{
		{name: "its marker finds it", kept: true, want: "passed", creates: 1, listed: 1},
		{name: "no run, and markers are repeated", want: "passed", creates: 2, listed: 2},
		{name: "the comment is dropped, the text finds it", kept: true, repeat: dropComment, want: "passed", creates: 1, listed: 1},
		{name: "the comment is dropped, no run", repeat: dropComment, want: "passed", creates: 2, listed: 2},
		{name: "the text is rewritten, the marker finds it", kept: true, repeat: rewriteText, want: "passed", creates: 1, listed: 1},
		{name: "the text is rewritten, no run", repeat: rewriteText, want: "passed", creates: 2, listed: 2},
		{name: "nothing is repeated", kept: true, repeat: chain(rewriteText, dropComment), want: "unknown", creates: 1, listed: 2},
		{name: "nothing is repeated, no run", repeat: chain(rewriteText, dropComment), want: "unknown", creates: 1, listed: 2},
		{name: "the schema is not repeated", kept: true, repeat: dropSchema, want: "unknown", creates: 1, listed: 2, as: "lost-2"},
		{name: "the schema is not repeated, no run", repeat: dropSchema, want: "unknown", creates: 1, listed: 2},
		{name: "numbers and keys of the schema are written anew", kept: true, repeat: chain(dropComment, rerender), want: "passed", creates: 1, listed: 1},
		{name: "somebody else's run of the same text blocks", want: "unknown", creates: 1, listed: 2, as: "alien",
			list: func(all []Observed) []Observed { return append(all, alien("do t2")) }},
		{name: "a run of another text does not", want: "passed", creates: 2, listed: 2,
			list: func(all []Observed) []Observed { return append(all, alien("do something else")) }},
		{name: "another batch's run of the same text does not", want: "passed", creates: 2, listed: 2,
			list: func(all []Observed) []Observed {
				o := alien("do t2")
				o.Schema = json.RawMessage(`{"$comment":"bbbatch:1:0ther000:0123456789ab:1"}`)
				return append(all, o)
			}},
		{name: "markers are not wanted", kept: true, want: "passed", creates: 1, listed: 1,
			set: func(c *Config, _ *service) { c.Tracking = TrackNever }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, s, config := bench(t, 3)
				config.Batch, config.Settle, config.Concurrency = "01234567", settle, 1
				s.repeat = c.repeat
				s.lose(c.kept, 2)
				if c.list != nil {
					s.list = func(time.Time) ([]Observed, error) { return c.list(s.all()), nil }
				}
				if c.set != nil {
					c.set(&config, s)
				}
				if err := Run(t.Context(), config); err != nil {
					t.Fatal(err)
				}
				wantOutcomes(t, l, "passed", c.want, "passed")
				if got := s.creates["do t2"]; got != c.creates {
					t.Errorf("got %d creates, want %d", got, c.creates)
				}
				listed := c.listed
				if c.creates == 2 {
					listed++ // for runs that the others showed too late
				}
				if got := len(s.lists); got != listed {
					t.Errorf("got %d listings, want %d", got, listed)
				}
				if c.listed == 2 && s.lists[1].Sub(s.lists[0]) < settle {
					t.Errorf("the listings were %s apart, want %s", s.lists[1].Sub(s.lists[0]), settle)
				}
				if got := strings.Join(l.verdict(1).Candidates, " "); got != c.as {
					t.Errorf("got candidates %q, want %q", got, c.as)
				}
				if c.creates == 2 && l.rows[1].Attempt != 2 {
					t.Errorf("got attempt %d, want the second one to have a number of its own", l.rows[1].Attempt)
				}
			})
		})
	}
}

// rerender writes a schema as a service might that has parsed it.
func rerender(o Observed) Observed {
	o.Schema = json.RawMessage(strings.ReplaceAll(string(o.Schema), `"type":"boolean"`, ` "type" : "boolean"`))
	return o
}

func TestARunThatIsListedLateIsAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		c.Batch, c.Settle = "01234567", 30*time.Second
		s.lose(true, 2)
		s.list = func(time.Time) ([]Observed, error) {
			if len(s.lists) < 2 {
				return nil, nil
			}
			return s.all(), nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed")
		if s.n != 2 {
			t.Errorf("got %d creates, want 2", s.n)
		}
	})
}

// A run that is listed only after its create was sent again is told of: it was
// paid for.
func TestARunThatIsListedTooLateIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		c.Batch, c.Settle, c.Concurrency = "01234567", 30*time.Second, 1
		var told []string
		c.Warn = func(m string) { told = append(told, m) }
		s.lose(true, 2)
		s.list = func(time.Time) ([]Observed, error) {
			all := s.all()
			if len(s.lists) < 3 {
				all = slices.DeleteFunc(all, func(o Observed) bool { return o.ID == "lost-2" })
			}
			return all, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed")
		if len(told) != 1 || !strings.Contains(told[0], "t2: the service made the run lost-2 for its attempt 1") {
			t.Errorf("got %q, want a word about the late run", told)
		}
	})
}

func TestAListingThatFailsIsNotAbsence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		c.Batch, c.Settle = "01234567", 30*time.Second
		s.lose(false, 2)
		s.list = func(time.Time) ([]Observed, error) { return nil, errReset }
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if s.n != 2 || l.outcomes()[0] == l.outcomes()[1] {
			t.Errorf("got %d creates and outcomes %v, want 2 and one unknown", s.n, l.outcomes())
		}
	})
}

// Of a listing that was cut short a marker is believed, and nothing else: what
// is missing may be another run of the same text.
func TestOfAnIncompleteListingOnlyMarkersAreBelieved(t *testing.T) {
	for name, c := range map[string]struct {
		repeat func(Observed) Observed
		want   string
	}{"a marker": {nil, "passed"}, "a text": {dropComment, "unknown"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, s, config := bench(t, 2)
				config.Batch, config.Concurrency, s.repeat = "01234567", 1, c.repeat
				s.lose(true, 2)
				s.list = func(time.Time) ([]Observed, error) { return s.all(), errReset }
				if err := Run(t.Context(), config); err != nil {
					t.Fatal(err)
				}
				wantOutcomes(t, l, "passed", c.want)
				if s.n != 2 {
					t.Errorf("got %d creates, want 2", s.n)
				}
			})
		})
	}
}

// Several lost creates of one text: their runs are given out in any order if
// all of them sent the same, and are not touched if they did not.
func TestRunsOfOneTextAreAssigned(t *testing.T) {
	for _, c := range []struct {
		name   string
		differ bool   // the tasks' variables
		other  *Doubt // of another batch
		kept   []bool // which of the creates made a run
		want   map[string]int
		n      int // creates
	}{
		{"both made one", false, nil, []bool{true, true}, map[string]int{"passed": 3}, 3},
		{"one made one", false, nil, []bool{true, false}, map[string]int{"passed": 3}, 4},
		{"none made one", false, nil, []bool{false, false}, map[string]int{"passed": 3}, 5},
		{"one made one, with other variables", true, nil, []bool{true, false}, map[string]int{"passed": 1, "unknown": 2}, 3},
		{"none made one, with other variables", true, nil, []bool{false, false}, map[string]int{"passed": 3}, 5},
		{"another batch doubts with other variables", false, &Doubt{Text: "the same", Digest: "x"}, []bool{true, false}, map[string]int{"passed": 1, "unknown": 2}, 3},
		{"another batch doubts a text of its own", false, &Doubt{Text: "else", Digest: "x"}, []bool{true, false}, map[string]int{"passed": 3}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all := tasks(t, 3)
				for i := range all[1:] {
					all[i+1].Spec.Task = "the same"
					if c.differ {
						all[i+1].Spec.Variables = []Variable{{Name: "v", Value: fmt.Sprint(i), Masked: fmt.Sprint(i)}}
					}
				}
				l := newMemory(all)
				if c.other != nil {
					l.others = []Doubt{*c.other}
				}
				s := newService(t, l)
				s.repeat = dropComment
				s.start = func(n int, spec Spec) (Observed, error) {
					if n < 2 || n > 3 {
						return Observed{}, nil
					}
					if c.kept[n-2] {
						return s.accepts(fmt.Sprintf("lost-%d", n), spec)
					}
					return Observed{}, errReset
				}
				config := Config{Provider: s, Ledger: l, Tasks: sequence(all), Concurrency: 1, Batch: "01234567", Settle: 30 * time.Second}
				if err := Run(t.Context(), config); err != nil {
					t.Fatal(err)
				}
				got := map[string]int{}
				for _, o := range l.outcomes() {
					got[o]++
				}
				if fmt.Sprint(got) != fmt.Sprint(c.want) || s.n != c.n {
					t.Errorf("got %v and %d creates, want %v and %d", got, s.n, c.want, c.n)
				}
			})
		})
	}
}

// A run made by a create that a crash cut short is watched from the start, not
// only at the end of the batch.
func TestWhatACrashCutShortIsAdoptedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		c.Batch, c.Settle = "01234567", 30*time.Second
		sent, _ := tasks(t, 1)[0].Spec.marked(newMarker(c.Batch, "t1", 1), TrackAuto)
		s.add("cut", sent)
		l.rows[0].State, l.rows[0].Attempt, l.rows[0].IntendedAt = StateStarting, 1, time.Now()
		l.rows[0].Marker = string(newMarker(c.Batch, "t1", 1))
		began := time.Now()
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed")
		if took := time.Since(began); s.n != 1 || took > 2*time.Minute {
			t.Errorf("got %d creates in %s, want one, and both runs at once", s.n, took)
		}
	})
}

// engine.md "Creating" 5: a ledger that lost its newest commits gets the runs
// back that bear its marker.
func TestRunsThatADamagedLedgerLostAreAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		c.Batch, c.LookBack = "01234567", time.Now()
		sent, _ := tasks(t, 1)[0].Spec.marked(newMarker(c.Batch, "t1", 1), TrackAuto)
		s.add("forgotten", sent)
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed")
		if s.n != 1 || s.creates["do t1"] != 0 {
			t.Errorf("got %d creates, %d of them for the lost run's task, want 1 and 0", s.n, s.creates["do t1"])
		}
	})
}

// A service that finds fault with the marker gets each request without it, and
// is not asked again.
func TestAServiceThatRefusesMarkersGetsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 3)
		c.Batch, c.Concurrency = "01234567", 1
		s.start = func(_ int, spec Spec) (Observed, error) {
			if strings.Contains(string(spec.ResultSchema), markerPrefix) {
				return Observed{}, &RejectedError{Status: 400, Message: "resultSchema: unknown keyword $comment"}
			}
			return Observed{}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "passed", "passed")
		if s.n != 4 || l.rows[0].Attempt != 2 || l.rows[1].Attempt != 1 {
			t.Errorf("got %d requests, attempts %d and %d, want the marker to be tried once", s.n, l.rows[0].Attempt, l.rows[1].Attempt)
		}
	})
}

func TestASecondRunOfOneCreateIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 1)
		c.Batch = "01234567"
		var told []string
		c.Warn = func(m string) { told = append(told, m) }
		s.start = func(n int, spec Spec) (Observed, error) {
			s.add("twin", spec)
			return s.accepts("lost", spec)
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed")
		if len(told) != 1 || !strings.Contains(told[0], "second run") {
			t.Errorf("got %q, want a word about the second run", told)
		}
	})
}

func TestMarkersAreWrittenAndReadBack(t *testing.T) {
	m := newMarker("01234567", "a/b", 3)
	if m != "bbbatch:1:01234567:"+marker(markerStem("01234567", "a/b")[19:])+"3" || m.attempt() != 3 {
		t.Errorf("got %s, attempt %d", m, m.attempt())
	}
	for _, c := range []struct{ schema, want string }{
		{`{}`, `{"$comment":"M"}`},
		{` {"type":"object"}`, `{"$comment":"M","type":"object"}`},
		{`{"type":"object","$comment":"see the wiki"}`, `{"type":"object","$comment":"M see the wiki"}`},
		{`{"$comment": 7, "type":"object"}`, `{"$comment": "M", "type":"object"}`},
		{`{"properties":{"$comment":{"type":"string"}}}`, `{"$comment":"M","properties":{"$comment":{"type":"string"}}}`},
	} {
		sent, ok := Spec{Task: "t", ResultSchema: json.RawMessage(c.schema)}.marked(m, TrackAuto)
		if got := strings.ReplaceAll(string(sent.ResultSchema), string(m), "M"); !ok || got != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.schema, got, ok, c.want)
		}
		if got := markerOf(Observed{Schema: sent.ResultSchema}); got != m {
			t.Errorf("%s: read back %q, want %q", c.schema, got, m)
		}
		if !sameSchema(sent.ResultSchema, json.RawMessage(c.schema)) {
			t.Errorf("%s: is not the same with its marker", c.schema)
		}
		if _, err := schema.Compile(sent.ResultSchema, schema.Options{}); err != nil {
			t.Errorf("%s: %v", sent.ResultSchema, err)
		}
	}
	if sent, ok := (Spec{Task: "t"}).marked(m, TrackAuto); ok || sent.ResultSchema != nil {
		t.Errorf("got %+v, want no schema that only carries a marker", sent)
	}
	sent, ok := Spec{Task: "t"}.marked(m, TrackAlways)
	if !ok || markerOf(Observed{Task: sent.Task}) != m {
		t.Errorf("got %q, want the marker in a line", sent.Task)
	}
}

// What is sent to the service as schema or text never makes a task another one.
func TestMarkersAreNotInTheFingerprint(t *testing.T) {
	spec := tasks(t, 1)[0].Spec
	sent, _ := spec.marked("bbbatch:1:x:y:1", TrackAuto)
	if spec.RunFingerprint() == sent.RunFingerprint() {
		t.Error("the marker was not sent")
	}
	l, s, c := bench(t, 1)
	c.Batch = "01234567"
	synctest.Test(t, func(t *testing.T) {
		s.t = t
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	})
	if "r1:"+l.rows[0].Digest != spec.RunFingerprint() {
		t.Errorf("got digest %s, want that of the request without its marker", l.rows[0].Digest)
	}
}

// A listing soon after the first does not count as the second one, although it
// is made for the sake of another task.
func TestASecondListingTooSoonDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 3)
		c.Batch, c.Settle, s.length = "01234567", 30*time.Second, 2*time.Second
		l.rows[0].State, l.rows[0].Attempt, l.rows[0].IntendedAt = StateStarting, 1, time.Now()
		l.rows[0].Marker = string(newMarker(c.Batch, "t1", 1))
		began := time.Now()
		var lost atomic.Bool
		s.start = func(_ int, spec Spec) (Observed, error) {
			if spec.Task == "do t2" && !lost.Swap(true) {
				return Observed{}, errReset
			}
			return Observed{}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for _, e := range l.events {
			if since := e.At.Sub(began); e.Kind == AttemptRejected && e.Position == 0 && since < c.Settle {
				t.Errorf("decided %s after the first listing, want %s at least", since, c.Settle)
			}
		}
		wantOutcomes(t, l, "passed", "passed", "passed")
		if s.creates["do t1"] != 1 || s.creates["do t2"] != 2 {
			t.Errorf("got creates %v, want one of the first task and two of the second", s.creates)
		}
	})
}

func TestACandidateThatVanishesIsNotAbsence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		c.Batch, c.Concurrency, c.Settle = "01234567", 1, 30*time.Second
		s.lose(false, 2)
		s.list = func(time.Time) ([]Observed, error) {
			if len(s.lists) == 1 {
				return []Observed{{ID: "seen once", Task: "do t2"}}, nil
			}
			return nil, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "unknown")
	})
}

func TestMoreRunsThanAttemptsInDoubtAreNotTouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, c := bench(t, 2)
		c.Batch, c.Concurrency, s.repeat = "01234567", 1, dropComment
		s.start = func(n int, spec Spec) (Observed, error) {
			if n != 2 {
				return Observed{}, nil
			}
			s.add("somebody else's", spec)
			return s.accepts("lost", spec)
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		wantOutcomes(t, l, "passed", "unknown")
		if v := l.verdict(1); len(v.Candidates) != 2 {
			t.Errorf("got candidates %q, want both runs", v.Candidates)
		}
	})
}
