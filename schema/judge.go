package schema

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A judge is one compiled copy of a schema with the counters of one judgement.
// It serves one goroutine at a time.
type judge struct {
	root    *jsonschema.Schema
	schemas map[string]*jsonschema.Schema // by location
	members map[*jsonschema.Schema]map[string]*jsonschema.Schema
	limits  map[*jsonschema.Schema]map[constraint]bool // what [judge.constraints] has found

	steps  int // schemas that may still be applied
	failed int // members and elements that broke their schema so far
}

// newJudge compiles a self-contained schema; d is its draft when it names none.
func newJudge(text []byte, d draft) (j *judge, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot be compiled: %v", p)
		}
	}()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.DefaultDraft(d.compiled())
	c.UseLoader(noLoader{})
	if err := c.AddResource(folder, doc); err != nil {
		return nil, err
	}
	root, err := c.Compile(folder)
	if err != nil {
		return nil, err
	}
	j = &judge{
		root:    root,
		schemas: map[string]*jsonschema.Schema{},
		members: map[*jsonschema.Schema]map[string]*jsonschema.Schema{},
		limits:  map[*jsonschema.Schema]map[constraint]bool{},
	}
	j.prepare(root)
	return j, nil
}

// compiled returns the validator's name for a draft.
func (d draft) compiled() *jsonschema.Draft {
	switch d {
	case draft4:
		return jsonschema.Draft4
	case draft6:
		return jsonschema.Draft6
	case draft7:
		return jsonschema.Draft7
	case draft2019:
		return jsonschema.Draft2019
	}
	return jsonschema.Draft2020
}

// noLoader fetches nothing: a schema is self-contained.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, &Error{Message: quote(url) + " is not part of the schema"}
}

// judge returns what the validator says of v, whose JSON text has size bytes.
func (j *judge) judge(v any, size int) error {
	j.steps = maxSteps + stepsPerByte*size
	j.failed = 0
	return j.root.Validate(v)
}

// judges are the idle judges of a schema: as many as ever worked at once.
type judges struct {
	mu   sync.Mutex
	idle []*judge
}

func (js *judges) put(j *judge) {
	js.mu.Lock()
	defer js.mu.Unlock()
	js.idle = append(js.idle, j)
}

func (js *judges) get(text []byte) (*judge, error) {
	js.mu.Lock()
	if n := len(js.idle); n > 0 {
		j := js.idle[n-1]
		js.idle = js.idle[:n-1]
		js.mu.Unlock()
		return j, nil
	}
	js.mu.Unlock()
	return newJudge(text, defaultDraft)
}
