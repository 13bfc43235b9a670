package report

import (
	"strings"

	"github.com/bbbatch/bbbatch/schema"
)

// problem tells in which way a result is not what it should be.
func (t *detailText) problem(p schema.Problem) {
	place := cmpOr(p.InstancePath, "result")
	message := p.Message
	if p.Expression != "" {
		place = "expect"
		if !strings.Contains(message, p.Expression) {
			message = p.Expression + ": " + message
		}
	}
	t.line("  %s: %s", Clean(place), Clean(message))
	for _, value := range []struct{ name, text string }{
		{"because", p.Because}, {"values", string(p.Values)}, {"expected", string(p.Expected)}, {"actual", string(p.Actual)},
	} {
		if value.text != "" {
			t.line("    %-8s %s", value.name, fit(Clean(value.text), maxLine))
		}
	}
}

// expectations tells by what the result is judged beside its schema.
func (t *detailText) expectations() {
	c := t.d.Record.Checks
	if c == nil {
		return
	}
	switch c.Path {
	case "":
	case ".":
		t.field("judged at", "the answer itself")
	default:
		t.field("judged at", Clean(c.Path))
	}
	for i, e := range c.Expect {
		name := "expect"
		if i > 0 {
			name = " "
		}
		t.field(name, Clean(e.That))
	}
	t.field("params", Clean(string(c.Params)))
}
