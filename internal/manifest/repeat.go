package manifest

import (
	"strconv"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
)

// RepeatMost is how often a task can be repeated, as manifest.schema.json says.
const RepeatMost = 1000

// A repetition says how often the task of each row is run.
type repetition struct {
	times, pass int
	all         bool
}

// repeat is how often a task is run: as it says, or as the caller of Load does.
func (l *loader) repeat(own, base *node) *repetition {
	r := l.declaredRepeat(own, base)
	if l.times == 0 {
		return r
	}
	if r == nil {
		r = &repetition{pass: l.times}
	}
	return &repetition{times: l.times, pass: min(r.pass, l.times), all: r.all}
}

// declaredRepeat reads what a task says of repetitions. A map is laid over that of the
// defaults, where a number is short for {times: …}; a number stands for itself.
func (l *loader) declaredRepeat(own, base *node) *repetition {
	if own != nil && l.badBelow(own) || base != nil && l.badBelow(base) {
		return nil
	}
	n := merge(base, own)
	if own == nil {
		n = base // which merge leaves out when it is a number
	}
	if n == nil {
		return nil
	}
	if n.kind == numeric {
		return &repetition{times: l.count(n), pass: l.count(n)}
	}
	r := &repetition{times: l.count(n.get("times")), pass: l.count(n.get("pass"))}
	if r.times == 0 && own.get("times") == nil {
		r.times = l.count(base) // 0 of a map
	}
	if all := n.get("all"); all != nil {
		r.all = all.text == "true"
	}
	switch {
	case r.times == 0:
		l.ps.add(n.problem("times is missing", "write how often the task is run, such as {times: 5, pass: 4}"))
		return nil
	case r.pass == 0:
		r.pass = r.times
	case r.pass > r.times && own.get("times") != nil && own.get("pass") == nil:
		l.ps.wrong(own.get("times"), "must be at least %d, the pass of the defaults, not %d", r.pass, r.times)
		return nil
	case r.pass > r.times:
		l.ps.wrong(n.get("pass"), "must be at most %d, the times that the task is run, not %d", r.times, r.pass)
		return nil
	}
	return r
}

// ofDefaults judges the retry and repeat of the defaults for themselves, so that
// nothing wrong in them waits for a task that does not override it.
func (l *loader) ofDefaults(d defaults) {
	l.retry(nil, d.node.get("retry"))
	if n := d.node.get("repeat"); n.get("times") != nil {
		l.repeat(nil, n)
	}
}

// size is how many tasks a row is expanded to.
func (e *entry) size() int {
	if e.repeat == nil {
		return 1
	}
	return e.repeat.times
}

// numbers are those of the members that a row's task is expanded to; of one
// that is not repeated 0.
func (e *entry) numbers() []int {
	out := make([]int, e.size())
	if e.repeat == nil {
		return out
	}
	for i := range out {
		out[i] = i + 1
	}
	return out
}

// member makes the member with a number of a row's task; 0 is the task itself.
func (e *entry) member(t batch.Task, number int) batch.Task {
	if number == 0 {
		return t
	}
	r := e.repeat
	t.Repeat = &batch.Repetition{Group: t.ID, Number: number, Times: r.times, Pass: r.pass, All: r.all}
	t.ID = memberID(t.ID, number)
	return t
}

// memberID is the id of a group's member.
func memberID(group string, number int) string { return group + "#" + strconv.Itoa(number) }

// cutMember is the reverse of memberID; number is 0 when an id is not like that
// of a member.
func cutMember(id string) (group string, number int) {
	at := strings.LastIndexByte(id, '#')
	if at < 1 {
		return "", 0
	}
	number, err := strconv.Atoi(id[at+1:])
	if err != nil || number < 1 || number > RepeatMost || memberID(id[:at], number) != id {
		return "", 0
	}
	return id[:at], number
}
