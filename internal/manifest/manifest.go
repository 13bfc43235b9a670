package manifest

import (
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/schema"
)

// A Manifest is a file that has been checked as a whole. It is safe for
// concurrent use.
type Manifest struct {
	File string // as the user named it; "-" for standard input
	Dir  string // the folder that its paths are relative to
	Text []byte // as it was read

	Name        string
	Description string
	Provider    string   // browserbase or local
	BaseURL     string   // of the service, where the manifest names another; "" for its own
	KeySecret   string   // the name of the secret that is the service's key; "" for the usual one
	Secrets     []string // names, in the order in which they are declared

	Params json.RawMessage // the values in use, in the order of their declaration; nil for none
	Given  []string        // NAME=VALUE of the parameters that have another value than their default, sorted

	Concurrency       int     // 0 when not given
	RequestsPerSecond float64 // 0 when not given
	CreatesPerMinute  float64 // 0 when not given
	PerGroup          int     // runs of a group in flight; 0 when not given

	Policy         batch.Policy  // what the manifest says; the command line has the rest
	ContinueWithin time.Duration // 0 when not given

	Tracking batch.Tracking // "" when not given
	Settle   time.Duration  // 0 when not given

	Reports  []Report
	Baseline *Baseline         // nil for none
	Notify   *Notify           // nil for none
	Sites    map[string]string // origin to absolute folder
	Total    int               // tasks after expansion, each repetition one; of a part those of the part
	LeftOut  int               // tasks that a part leaves out; 0 in what Load returns
	Warnings []Problem

	used    []string
	inputs  []string
	entries []*entry
	schemas map[string]*schema.Schema
	open    func(name string) ([]byte, error)
	part    *selector // which tasks Tasks yields; nil for all

	shared map[string]map[string]any // what the expressions of all tasks see
}

// UsedSecrets returns the names of the secrets that variables use, sorted.
func (m *Manifest) UsedSecrets() []string { return slices.Clone(m.used) }

// Tasks expands the manifest, one task at a time and in order, reading the
// data files again. With nil secrets each variable's value is its masked form;
// otherwise a secret that is used and not there is an error. An error is a
// [Problem] and ends the sequence. The sequence can be iterated many times.
func (m *Manifest) Tasks(secrets map[string]string) iter.Seq2[batch.Task, error] {
	secrets = maps.Clone(secrets)
	return func(yield func(batch.Task, error) bool) {
		x := m.expander(secrets)
		position := 0
		for _, e := range m.entries {
			for r, err := range e.rows(true) {
				var t batch.Task
				taken := e.numbersOf(r)
				if err == nil && m.part != nil {
					taken, err = m.part.takes(x, e, r, nil)
				}
				if err == nil && len(taken) > 0 {
					t, err = x.expand(e, r)
				}
				if err != nil {
					yield(batch.Task{}, e.problem(r, err))
					return
				}
				for _, number := range taken {
					one := e.member(t, number)
					one.Position = position
					position++
					if !yield(one, nil) || m.part != nil && position == m.part.Limit {
						return
					}
				}
			}
		}
	}
}

func (m *Manifest) expander(secrets map[string]string) *expander {
	return &expander{
		schemas: m.schemas, open: m.open, secrets: secrets, shared: m.shared, compiled: map[string]*schema.Schema{},
	}
}

// rows yields the rows of the entry's data, each once for every combination of
// the matrix; without both, nil once.
func (e *entry) rows(withJSON bool) iter.Seq2[*row, error] {
	of := func(yield func(*row, error) bool) { yield(nil, nil) }
	if e.data != nil {
		of = e.data.rows(withJSON)
	}
	if e.matrix == nil {
		return of
	}
	return func(yield func(*row, error) bool) {
		for r, err := range of {
			if err != nil || r != nil && r.skip != "" { // there is one of it
				if !yield(r, err) {
					return
				}
				continue
			}
			var one row
			if r != nil {
				one = *r
			}
			for _, one.matrix = range e.matrix {
				if !yield(&one, nil) {
					return
				}
			}
		}
	}
}

// problem gives an error of a row its place: in the data file when the data
// are wrong, in the manifest, with the row in words, when an expression fails.
func (e *entry) problem(r *row, err error) Problem {
	var eval *evalError
	var data *rowError
	switch {
	case errors.As(err, &eval):
		p := eval.problem()
		if r != nil && !eval.always() {
			p.Message = e.at(r) + ": " + p.Message
		}
		return p
	case errors.As(err, &data):
		p := Problem{File: e.data.name(), Line: data.line, Column: data.column, Message: data.Error(), Hint: data.hint}
		return p
	}
	return e.forEach.problem(fileError(e.forEach.text, err), "")
}
