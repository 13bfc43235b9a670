package batch

import (
	"bytes"
	"encoding/json"
)

// terms are what the manifest says of a task in flight that the ledger does not
// keep.
type terms struct {
	retry   Retry
	context string // id of the browser context that its run changes; "" for none

	cells  map[string]string // secret cells of its row, by column
	hiding *hiding           // where there are any
}

func termsFor(t Task) terms {
	if t.Skip != "" { // what is in flight is let come to its end, and is not bought again
		return terms{context: persistentContext(t.Spec.BrowserSettings), cells: t.Hidden}
	}
	return terms{retry: t.Retry, context: persistentContext(t.Spec.BrowserSettings), cells: t.Hidden}
}

// persistentContext is the id of the browser context that a run leaves changed;
// "" when there is none.
func persistentContext(settings json.RawMessage) string {
	if !bytes.Contains(settings, []byte("persist")) {
		return ""
	}
	var s struct {
		Context struct {
			ID      string `json:"id"`
			Persist bool   `json:"persist"`
		} `json:"context"`
	}
	if json.Unmarshal(settings, &s) != nil || !s.Context.Persist {
		return ""
	}
	return s.Context.ID
}

// learnTerms reads the manifest for the terms of tasks that an earlier process
// left in flight. A task that is not found there is not tried again; what is
// wrong with the manifest is for dispatch to say.
func (r *runner) learnTerms(rows []Row) {
	missing := make(map[string]int) // positions, by id
	r.mu.Lock()
	for _, row := range rows {
		if _, known := r.terms[row.Position]; !known {
			missing[row.ID] = row.Position
		}
	}
	r.mu.Unlock()
	tasks := r.Tasks
	if tasks == nil {
		tasks = r.Terms
	}
	if tasks == nil || len(missing) == 0 {
		return
	}
	for task, err := range tasks {
		if err != nil {
			return
		}
		if position, ok := missing[task.ID]; ok {
			r.setTerms(position, termsFor(task))
			if delete(missing, task.ID); len(missing) == 0 {
				return
			}
		}
	}
}

func (r *runner) termsOf(position int) terms {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.terms[position]
}

func (r *runner) setTerms(position int, t terms) {
	if len(t.cells) > 0 {
		t.hiding = r.hiding.with(t.cells)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.terms[position] = t
}

func (r *runner) forgetTerms(position int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.terms, position)
}

// hidesAt is what is hidden of a task in flight, as far as its terms are known;
// of a batch, its secrets.
func (r *runner) hidesAt(position int) *hiding {
	if h := r.termsOf(position).hiding; h != nil {
		return h
	}
	return r.hiding
}

// hides is what is hidden of a task.
func (r *runner) hides(row Row) *hiding {
	if len(row.Hidden) == 0 {
		return r.hidesAt(row.Position)
	}
	cells := r.termsOf(row.Position).cells
	var unknown []string
	for _, column := range row.Hidden {
		if _, known := cells[column]; !known {
			unknown = append(unknown, column)
		}
	}
	return r.hidesAt(row.Position).without(unknown)
}

// leavesHidden reports whether what the service says of a task's run is left to
// another process: one that stops runs has no manifest, and the secret cells of
// the task's row are in none of its places.
func (r *runner) leavesHidden(row Row) bool {
	return len(row.Hidden) > 0 && r.Tasks == nil && r.Terms == nil && r.ordered()
}
