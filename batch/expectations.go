package batch

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bbbatch/bbbatch/schema"
)

// kindExpect is the kind of a problem that an expectation found.
const kindExpect = "expect"

// errNoChecker is a bug of the caller's.
var errNoChecker = errors.New("batch.Config.Checker: is required, since tasks have expectations")

// asked is what speaks against a result that fits its schema. A checker that
// panics has found fault with it too.
func asked(c Checker, about Judged) (problems []schema.Problem) {
	defer func() {
		if p := recover(); p != nil {
			problems = []schema.Problem{{Kind: kindExpect, Keyword: "internal", Message: fmt.Sprintf("could not be evaluated: panic: %v", p)}}
		}
	}()
	return c.Check(about)
}

// about gathers what expectations may ask of a task, as the ledger has it, so
// that a result that is judged again is judged by the same.
func (r *runner) about(e ending, value json.RawMessage) (Judged, error) {
	row, facts := e.row, e.facts
	if facts == nil {
		stored, err := r.Ledger.Facts(row.Position)
		if err != nil {
			return Judged{}, err
		}
		facts = &stored
	}
	j := Judged{
		Result: value, Row: facts.Row, Matrix: facts.Matrix, ID: row.ID, Template: row.Template, Group: row.Group, Tags: facts.Tags,
		Attempt: row.Attempt, RunID: row.RunID, Status: row.Status,
	}
	if row.Repeat != nil {
		j.Number = row.Repeat.Number
	}
	reuse := e.reuse
	if reuse == nil {
		reuse = facts.Reuse
	}
	if reuse != nil {
		j.Attempt, j.RunID, j.Seconds = reuse.Attempt, reuse.RunID, -1
		return j, nil
	}
	j.Seconds = facts.length(e.run).Seconds()
	return j, nil
}

// length is how long the run took by the service's clock; -1s where that says
// nothing. What it was seen to be last comes before what the ledger has.
func (f Facts) length(run *Observed) time.Duration {
	began, created, ended := f.StartedAt, f.CreatedAt, f.EndedAt
	if run != nil {
		began, created, ended = firstTime(run.StartedAt, began), firstTime(run.CreatedAt, created), firstTime(run.EndedAt, ended)
	}
	began = firstTime(began, created)
	length := ended.Sub(began)
	if began.IsZero() || ended.IsZero() || length < 0 || length > LongestRun {
		return -time.Second
	}
	return length
}

func firstTime(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// check has a task's checks judge too.
func (r *runner) check(j *judge, c *Checks) (err error) {
	if !c.any() {
		return nil
	}
	j.checks = c
	if c.expects() {
		j.checker, err = r.checkers.compiled(c.Digest(), *c, r.Checker)
	}
	return err
}

// checkRow is check for a task as the ledger has it.
func (r *runner) checkRow(j *judge, row Row) error {
	if row.Checks == "" {
		return nil
	}
	c, err := r.checkers.stored(row.Checks, r.Ledger)
	if err != nil {
		return err
	}
	return r.check(j, &c)
}

// A checkerCache compiles expectations once, by their digests. It is emptied when
// it has grown large.
type checkerCache struct {
	mu   sync.Mutex
	done map[string]Checker
	read map[string]Checks // of the ledger
}

func (c *checkerCache) compiled(digest string, checks Checks, compile func(Checks) (Checker, error)) (Checker, error) {
	if compile == nil {
		return nil, errNoChecker
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.done[digest]; k != nil {
		return k, nil
	}
	k, err := compile(checks)
	if err != nil {
		return nil, fmt.Errorf("its expectations can't be evaluated: %w", err)
	}
	if c.done == nil || len(c.done) >= agentsMost {
		c.done = make(map[string]Checker)
	}
	c.done[digest] = k
	return k, nil
}

func (c *checkerCache) stored(digest string, l Ledger) (Checks, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.read[digest]; ok {
		return k, nil
	}
	k, err := l.Checks(digest)
	if err != nil {
		return Checks{}, err
	}
	if c.read == nil || len(c.read) >= agentsMost {
		c.read = make(map[string]Checks)
	}
	c.read[digest] = k
	return k, nil
}
