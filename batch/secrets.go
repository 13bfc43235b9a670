package batch

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bbbatch/bbbatch/schema"
)

// secretLeast is the length from which a secret's value is masked: a shorter
// one would be found in harmless text.
const secretLeast = 6

// secretInID is the length from which a secret is looked for in ids. A shorter
// one may stand in an id by chance, and a run is not lost for that.
const secretInID = 12

// Secrets are the values that must not be shown, by name.
type Secrets map[string]string

// Mask replaces every secret's value in s by its name, in each of the forms in
// which it may be written, and also where it was cut short with "…".
func (x Secrets) Mask(s string) string {
	return newMasker(x, secretLeast).mask(s)
}

// TooShort lists the names of the secrets whose values are too short to be
// masked, in order.
func (x Secrets) TooShort() []string {
	var names []string
	for name, value := range x {
		if value != "" && len(value) < secretLeast {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// maskProblems hides secrets in what is said of a result. The result itself is
// kept as it came.
func (m *masker) maskProblems(problems []schema.Problem) {
	for i := range problems {
		p := &problems[i]
		p.Message, p.InstancePath = m.mask(p.Message), m.mask(p.InstancePath)
		p.Actual, p.Expected = m.hide(p.Actual), m.hide(p.Expected)
	}
}

// hide replaces JSON that holds a secret.
func (m *masker) hide(text json.RawMessage) json.RawMessage {
	if m.holds(text) {
		return json.RawMessage(`"(hidden: contains a secret)"`)
	}
	return text
}

// holds reports whether a secret stands in JSON, however its strings are
// escaped.
func (m *masker) holds(text json.RawMessage) bool {
	s := string(text)
	return len(m.find(s)) > 0 || len(m.find(unescape(s))) > 0
}

// maskRun hides secrets in what the service says of a run: all but its id,
// which is ours by now, and its result, which is kept as it came.
func (r *runner) maskRun(run *Observed) {
	run.Status = Status(r.masks.mask(string(run.Status)))
	run.AgentID, run.SessionID = r.idMasks.mask(run.AgentID), r.idMasks.mask(run.SessionID)
	if run.Cause != nil {
		run.Cause = &Cause{Code: r.masks.mask(run.Cause.Code), Message: r.masks.mask(run.Cause.Message)}
	}
}

// A masker hides secrets in texts.
type masker struct {
	forms []secretForm
}

type secretForm struct{ name, text string }

// newMasker makes one for the secrets of least bytes or more.
func newMasker(x Secrets, least int) *masker {
	m := &masker{}
	for name, value := range x {
		if len(value) < least {
			continue
		}
		for _, form := range said(forms(value)) {
			m.forms = append(m.forms, secretForm{name, form})
		}
	}
	slices.SortFunc(m.forms, func(a, b secretForm) int { return strings.Compare(a.name, b.name) })
	return m
}

// A span is a part of a text that holds a secret.
type span struct {
	from, to int
	name     string
}

// mask replaces all that belongs to a secret by the secret's name. Where
// secrets overlap, nothing of either is left.
func (m *masker) mask(s string) string {
	if len(s) < secretLeast {
		return s
	}
	spans := m.find(s)
	if len(spans) == 0 {
		return s
	}
	slices.SortStableFunc(spans, func(a, b span) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	var out strings.Builder
	end := 0
	for _, p := range spans {
		if p.from >= end {
			out.WriteString(s[end:p.from])
			out.WriteString("***" + p.name + "***")
		}
		end = max(end, p.to)
	}
	out.WriteString(s[end:])
	return out.String()
}

func (m *masker) find(s string) []span {
	var spans []span
	for _, f := range m.forms {
		for from := 0; ; {
			i := strings.Index(s[from:], f.text)
			if i < 0 {
				break
			}
			spans = append(spans, span{from + i, from + i + len(f.text), f.name})
			from += i + 1
		}
		spans = append(spans, f.cuts(s)...)
	}
	return spans
}

// cuts finds the beginnings of the form that stand before a "…".
func (f secretForm) cuts(s string) []span {
	const cut = "…"
	var spans []span
	for from := 0; ; {
		i := strings.Index(s[from:], cut)
		if i < 0 {
			return spans
		}
		i += from
		from = i + len(cut)
		for n := min(i, len(f.text)-1); n >= secretLeast; n-- {
			if s[i-n:i] == f.text[:n] {
				spans = append(spans, span{i - n, i, f.name})
				break
			}
		}
	}
}
