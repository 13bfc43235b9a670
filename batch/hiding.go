package batch

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/bbbatch/bbbatch/schema"
)

// A hiding is what must not be seen of what is said about a task: the secrets of
// the batch and the secret cells of its row. It does not change and may be shared.
type hiding struct {
	texts *Masker
	ids   *Masker
	leaks *leakFinder

	// unknown names the secrets whose values this process does not know: cells of a
	// row that the manifest has no longer, and what was found in a result with a
	// value that is another now. Then nothing of what the service says is repeated,
	// and a result counts as one that holds them.
	unknown []string
}

// cellName is what a secret cell is called where its value is hidden.
func cellName(column string) string { return "row." + column }

func newHiding(x Secrets) *hiding {
	return &hiding{texts: newMasker(x, secretLeast), ids: newMasker(x, secretInID), leaks: newLeakFinder(x)}
}

// with hides the secret cells of a row too.
func (h *hiding) with(cells map[string]string) *hiding {
	if len(cells) == 0 {
		return h
	}
	own := make(Secrets, len(cells))
	for column, value := range cells {
		own[cellName(column)] = value
	}
	more := newHiding(own)
	return &hiding{texts: h.texts.and(more.texts), ids: h.ids.and(more.ids), leaks: h.leaks.and(more.leaks)}
}

// without is the hiding where some secret cells are not known.
func (h *hiding) without(columns []string) *hiding {
	if len(columns) == 0 {
		return h
	}
	out := *h
	out.unknown = nil
	for _, column := range columns {
		out.unknown = append(out.unknown, cellName(column))
	}
	return &out
}

// of is the hiding for a result. What was found in it before and is not now had
// another value then, which nobody here knows.
func (h *hiding) of(result Result) *hiding {
	if len(result.Leaked) == 0 {
		return h
	}
	found := h.found(result)
	lost := slices.DeleteFunc(slices.Clone(result.Leaked), func(name string) bool { return slices.Contains(found, name) })
	if len(lost) == 0 {
		return h
	}
	out := *h
	out.unknown = slices.Concat(h.unknown, lost)
	return &out
}

// and hides what either of two maskers does.
func (m *Masker) and(o *Masker) *Masker { return &Masker{forms: slices.Concat(m.forms, o.forms)} }

// and finds what either of two finders does.
func (f *leakFinder) and(o *leakFinder) *leakFinder {
	both := &leakFinder{names: slices.Concat(f.names, o.names), needles: maps.Clone(f.needles), longest: max(f.longest, o.longest)}
	slices.Sort(both.names)
	maps.Copy(both.needles, o.needles)
	return both
}

// run hides what the service says of a run: all but its id, which is ours by
// now, and its result, which is kept as it came.
func (h *hiding) run(run *Observed) {
	if len(h.unknown) > 0 {
		run.AgentID, run.SessionID, run.Cause = "", "", nil
		if !run.Status.Known() {
			run.Status = ""
		}
		return
	}
	run.Status = Status(h.texts.Mask(string(run.Status)))
	run.AgentID, run.SessionID = h.ids.Mask(run.AgentID), h.ids.Mask(run.SessionID)
	if run.Cause != nil {
		run.Cause = &Cause{Code: h.texts.Mask(run.Cause.Code), Message: h.texts.Mask(run.Cause.Message)}
	}
}

// found lists the secrets that a result holds, or may hold.
func (h *hiding) found(result Result) []string {
	names := h.leaks.in(result)
	if result.Present() && len(h.unknown) > 0 {
		names = slices.Concat(names, h.unknown)
		slices.Sort(names)
	}
	return names
}

// problems hides what is said of a result.
func (h *hiding) problems(problems []schema.Problem) {
	if len(h.unknown) > 0 {
		conceal(problems)
	}
	h.texts.maskProblems(problems)
}

// conceal leaves of problems only what the result has no part in.
func conceal(problems []schema.Problem) {
	for i := range problems {
		p := &problems[i]
		p.InstancePath, p.Message = "", "breaks the schema's "+p.Keyword+concealed
		if p.Kind == kindExpect {
			p.Message, p.Values = "is false"+concealed, nil
			if p.Expression != "" {
				p.Message = "is false: " + p.Expression + concealed
			}
		}
		if p.Actual != nil {
			p.Actual = json.RawMessage(hidden)
		}
		if p.Expected != nil {
			p.Expected = json.RawMessage(hidden)
		}
	}
}

const concealed = " (what is hidden may hold a secret)"
