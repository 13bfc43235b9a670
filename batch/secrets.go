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

// Masker returns one for texts. Making it takes a while; using it does not.
func (x Secrets) Masker() *Masker { return newMasker(x, secretLeast) }

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
func (m *Masker) maskProblems(problems []schema.Problem) {
	for i := range problems {
		p := &problems[i]
		p.Message, p.InstancePath = m.Mask(p.Message), m.Mask(p.InstancePath)
		p.Expression, p.Because = m.Mask(p.Expression), m.Mask(p.Because)
		p.Actual, p.Expected = m.hide(p.Actual), m.hide(p.Expected)
		p.Values = m.hideMembers(p.Values)
	}
}

// hideMembers replaces the members of an object that hold a secret.
func (m *Masker) hideMembers(object json.RawMessage) json.RawMessage {
	if !m.holds(object) {
		return object
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return nil
	}
	masked := make(map[string]json.RawMessage, len(members))
	for name, value := range members {
		masked[m.Mask(name)] = m.hide(value)
	}
	return encoded(masked)
}

// hidden is the JSON that stands for one that holds a secret.
const hidden = `"(hidden: contains a secret)"`

// hide replaces JSON that holds a secret.
func (m *Masker) hide(text json.RawMessage) json.RawMessage {
	if m.holds(text) {
		return json.RawMessage(hidden)
	}
	return text
}

// holds reports whether a secret stands in JSON, however its strings are
// escaped.
func (m *Masker) holds(text json.RawMessage) bool {
	s := string(text)
	return len(m.find(s)) > 0 || len(m.find(unescape(s))) > 0
}

// A Masker hides secrets in texts. It does not change and may be shared.
type Masker struct {
	forms []secretForm
}

type secretForm struct{ name, text string }

// newMasker makes one for the secrets of least bytes or more.
func newMasker(x Secrets, least int) *Masker {
	m := &Masker{}
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

// Mask replaces every secret's value in s by its name, in each of the forms in
// which it may be written, and also where it was cut short with "…". Where
// secrets overlap, nothing of either is left. A nil Masker knows no secret.
func (m *Masker) Mask(s string) string {
	if m == nil {
		return s
	}
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

func (m *Masker) find(s string) []span {
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
