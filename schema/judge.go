package schema

import (
	"bytes"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A judge is one compiled copy of a schema, used by one goroutine at a time.
type judge struct {
	root *jsonschema.Schema
}

func newJudge(text []byte) (*judge, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseLoader(noLoader{})
	if err := c.AddResource(folder, doc); err != nil {
		return nil, err
	}
	root, err := c.Compile(folder)
	if err != nil {
		return nil, err
	}
	return &judge{root: root}, nil
}

// noLoader refuses to fetch anything: a schema is self-contained.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, &Error{Message: quote(url) + " is not part of the schema"}
}

// judges are the idle judges of a schema.
type judges struct {
	mu   sync.Mutex
	idle []*judge
}

func (js *judges) put(j *judge) {
	js.mu.Lock()
	defer js.mu.Unlock()
	js.idle = append(js.idle, j)
}

func (js *judges) get() *judge {
	js.mu.Lock()
	defer js.mu.Unlock()
	n := len(js.idle)
	if n == 0 {
		return nil
	}
	j := js.idle[n-1]
	js.idle = js.idle[:n-1]
	return j
}
