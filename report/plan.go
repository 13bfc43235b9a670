package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A Plan adds up what applying a manifest would do, task by task, and writes it
// as it goes. Its fields are set before the first Add.
type Plan struct {
	Batch  string       // id of the batch that goes on; "" for a new one
	Policy batch.Policy // of which the price says what runs cost
	Most   int          // tasks that are listed for people; 0 lists all that are worth it

	// Typical is how long runs of a template take, 0 where that is not known.
	Typical func(template string) (time.Duration, error)

	counts map[batch.Class]int
	buys   map[string]int // runs to buy, by template
	flying bool           // a task is under way
	skips  bool           // a task is to be skipped that is not yet
	most   int            // runs that edited tasks in flight may need besides
	listed int
	more   int // that found no room
}

// Add takes in a task, and returns its line for people, "" for one that is simply
// new, kept or not started yet, or where the list is full.
func (p *Plan) Add(c batch.Change) string {
	if p.counts == nil {
		p.counts, p.buys = map[batch.Class]int{}, map[string]int{}
	}
	p.counts[c.Class]++
	switch c.Row.State {
	case batch.StateStarting, batch.StateUnsure, batch.StateRunning, batch.StateEnded:
		p.flying = true
	}
	if c.Class == batch.ClassSkipped && c.Row.State != batch.StateDone {
		p.skips = true
	}
	if c.Class.Buys() {
		p.buys[c.Task.Template]++
	} else if c.Wait {
		p.most++
	}
	switch c.Class {
	case batch.ClassNew, batch.ClassKept, batch.ClassToRun, batch.ClassContinued, batch.ClassLeft:
		if c.Why == "" {
			return ""
		}
	}
	if p.Most > 0 && p.listed >= p.Most {
		p.more++
		return ""
	}
	p.listed++
	return fit(joined("  ", fmt.Sprintf("  %-10s", c.Class), Clean(planID(c)), Clean(c.Why)), maxLine) + "\n"
}

func planID(c batch.Change) string {
	if c.Task.ID != "" {
		return c.Task.ID
	}
	return c.Row.ID
}

// Work reports whether an apply would have something to do.
func (p *Plan) Work() bool {
	if p.flying || p.skips {
		return true
	}
	for class, n := range p.counts {
		switch class {
		case batch.ClassKept, batch.ClassStale, batch.ClassLeft, batch.ClassSkipped:
		default:
			if n > 0 {
				return true
			}
		}
	}
	return false
}

// runs is how many runs would be bought.
func (p *Plan) runs() (n int) {
	for _, k := range p.buys {
		n += k
	}
	return n
}

// An expected is what runs are expected to take and to cost; nil where that is
// not known.
type expected struct {
	time *time.Duration
	usd  *batch.Money
}

func (p *Plan) expected() (expected, error) {
	length, usd := time.Duration(0), batch.Money(0)
	e := expected{&length, &usd}
	price := p.Policy.Price
	if price == nil {
		e.usd = nil
	}
	for template, n := range p.buys {
		typical, err := p.Typical(template)
		if err != nil {
			return e, err
		}
		if typical == 0 {
			e.time = nil
			if price != nil && price.PerMinute > 0 {
				e.usd = nil
			}
		}
		length += time.Duration(n) * typical
		if e.usd != nil {
			usd += batch.Money(n) * price.Of(typical)
		}
	}
	return e, nil
}

// Text writes the sums for people.
func (p *Plan) Text(w io.Writer, width int) error {
	e, err := p.expected()
	if err != nil {
		return err
	}
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(wrap(fmt.Sprintf(format, args...), width-1) + "\n") }
	if p.more > 0 {
		line("  and %s more: --json lists all", Count(p.more))
	}
	var counts []string
	for _, class := range batch.Classes {
		if n := p.counts[class]; n > 0 {
			counts = append(counts, Count(n)+" "+string(class))
		}
	}
	if len(counts) == 0 {
		counts = append(counts, "no tasks")
	}
	line("%s", strings.Join(counts, ", "))
	if n := p.runs(); n > 0 {
		length, usd := "unknown", "unknown"
		if e.time != nil {
			length = "about " + Duration(*e.time)
		}
		if e.usd != nil {
			usd = "about " + Dollars(*e.usd)
		}
		line("buys %s; run time: %s; cost: %s", counted(n, "run", "runs"), length, usd)
	} else if p.most == 0 {
		line("buys nothing")
	}
	if p.most > 0 {
		line("buys up to %s more of tasks that were edited while they are in flight, by how their runs end", counted(p.most, "run", "runs"))
	}
	if b := p.Policy; p.runs()+p.most > 0 && (b.Budget != batch.Budget{} || b.Halt.Failures != nil || b.FailFast || b.Canary.Tasks > 0 || b.MaxTime > 0) {
		line("the manifest bounds the batch: apply may buy fewer")
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// Begin writes the beginning of the plan as one JSON object, Task each task that
// was added, and End the rest of it with the sums.
func (p *Plan) Begin(w io.Writer) error {
	var id *string
	if p.Batch != "" {
		id = &p.Batch
	}
	head, err := encode(struct {
		Batch  *string       `json:"batch"`
		Policy *policyObject `json:"policy,omitempty"`
	}{id, policyOf(&p.Policy)})
	if err != nil {
		return err
	}
	_, err = w.Write(append(head[:len(head)-1], `,"tasks":[`...))
	return err
}

// Task writes the object of a task, the n-th from 0.
func (p *Plan) Task(w io.Writer, n int, c batch.Change) error {
	line, err := encode(struct {
		ID    string       `json:"id"`
		Class batch.Class  `json:"class"`
		Why   string       `json:"why,omitempty"`
		Reuse *batch.Reuse `json:"reuse,omitempty"`
	}{planID(c), c.Class, c.Why, c.Reuse})
	if err != nil {
		return err
	}
	_, err = w.Write(append(comma(nil, n), line...))
	return err
}

// End ends what Begin began.
func (p *Plan) End(w io.Writer) error {
	e, err := p.expected()
	if err != nil {
		return err
	}
	counts := p.counts
	if counts == nil {
		counts = map[batch.Class]int{}
	}
	var minutes *float64
	if e.time != nil {
		m := e.time.Round(time.Second / 10).Minutes()
		minutes = &m
	}
	tail, err := encode(struct {
		Counts  map[batch.Class]int `json:"counts"`
		Buys    int                 `json:"buys"`
		More    int                 `json:"buysUpToMore"` // of edited tasks in flight, by how their runs end
		Minutes *float64            `json:"minutes"`
		USD     *batch.Money        `json:"usd"`
	}{counts, p.runs(), p.most, minutes, e.usd})
	if err != nil {
		return err
	}
	_, err = w.Write(append([]byte("],"), append(tail[1:], '\n')...))
	return err
}
