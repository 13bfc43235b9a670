package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/bbbatch/bbbatch/schema"
)

// itself is the path of the answer itself.
const itself = "."

// descends reports whether the judged value lies at a path into the answer.
func (c *Checks) descends() bool { return c != nil && c.Path != "" && c.Path != itself }

// way are the names that lead to the judged value; nil for none.
func (c *Checks) way() []string {
	if !c.descends() {
		return nil
	}
	return strings.Split(c.Path, ".")
}

// Way are the names that lead from the task's answer to the value in it that is
// judged; nil where that is the answer itself.
func (r Record) Way() []string {
	if r.Verdict.Unwrapped && (r.Checks == nil || r.Checks.Path == "") {
		return []string{"output"}
	}
	return r.Checks.way()
}

// find returns the value in an answer that is judged. One of the vendor's wrapped
// form is judged by its output, unless the schema describes an output itself.
func (j *judge) find(raw json.RawMessage, unwrapped *bool) (value json.RawMessage, problems []schema.Problem) {
	switch {
	case j.checks.descends():
		if problems := schema.Limits(raw); problems != nil {
			return nil, problems
		}
		return at(raw, j.checks.Path)
	case j.checks != nil && j.checks.Path == itself:
		return raw, nil
	case j.schema == nil:
		if j.checker == nil { // nobody asks what is in it
			return raw, nil
		}
		if problems := schema.Limits(raw); problems != nil {
			return nil, problems
		}
	case j.schema.Declares("output"):
		return raw, nil
	}
	if output, ok := unwrap(raw); ok {
		*unwrapped = true
		return output, nil
	}
	return raw, nil
}

// at returns the value at a path, of names joined by dots, in JSON within the
// limits. Of a name that comes twice the last value counts, as it does for the
// schema.
func at(raw json.RawMessage, path string) (json.RawMessage, []schema.Problem) {
	where := ""
	for name := range strings.SplitSeq(path, ".") {
		value, isObject := memberOf(raw, name)
		if value == nil {
			words := fmt.Sprintf("has no %q, where resultPath (%s) looks for what is judged", name, path)
			if !isObject {
				words = fmt.Sprintf("is no object, and resultPath (%s) looks for %q in it", path, name)
			}
			return nil, []schema.Problem{{Kind: "schema", Keyword: "resultPath", InstancePath: where, Message: words}}
		}
		raw = value
		where += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	}
	return raw, nil
}

// memberOf returns a member of a JSON object; nil when it has none, or is none.
func memberOf(raw json.RawMessage, name string) (value json.RawMessage, isObject bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	var other json.RawMessage
	for d.More() {
		into := &other
		if key, err := d.Token(); err != nil {
			return nil, true
		} else if key == name {
			into = &value
		}
		if d.Decode(into) != nil {
			return nil, true
		}
	}
	return value, true
}

// unwrap returns the output of a result of the form that the vendor's own code
// reads: {output: {…}, summary, stepsTaken, taskDuration}. It reads member by
// member and ends at the first other one, since a result may have millions.
func unwrap(raw json.RawMessage) (json.RawMessage, bool) {
	var output, other json.RawMessage
	d := json.NewDecoder(bytes.NewReader(raw)) // it bounds the depth of a member
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	for d.More() {
		into := &other
		switch name, err := d.Token(); {
		case err != nil:
			return nil, false
		case name == "output":
			into = &output
		case name != "summary" && name != "stepsTaken" && name != "taskDuration":
			return nil, false
		}
		if d.Decode(into) != nil {
			return nil, false
		}
	}
	if _, err := d.Token(); err != nil { // the closing bracket
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, false
	}
	return output, len(output) > 0 && output[0] == '{'
}
