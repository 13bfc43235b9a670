package diff

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/bbbatch/bbbatch/batch"
)

// A Result is what a comparison found. It has no more than the first findings of
// each kind; all of them go where [Compare] is told.
type Result struct {
	Compared   int // tasks, a repetition being one
	New        int // tasks that only the later side has
	Gone       int // tasks that only the earlier side has
	Unfinished int // tasks that have not come to their end, on one side or both
	Unread     int // tasks whose results could not be read, so that their values and keys were not compared
	Beyond     int // results of more schemas than are told apart, whose shapes were not compared

	Counts map[Kind]int
	Better int // outcomes that are passed now; Counts has them too
	First  map[Kind][]Finding

	Shapes    []Shape // every path of the results that were compared together
	Tests     int     // that were made
	Unmatched []string
}

// mostTold is how many findings of a kind a Result has.
const mostTold = 20

// Fails returns the kinds of those that were found. An outcome that is passed
// now fails nothing.
func (r *Result) Fails(on []Kind) (kinds []Kind) {
	for _, k := range Kinds {
		n := r.Counts[k]
		if k == Outcome {
			n -= r.Better
		}
		if n > 0 && slices.Contains(on, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// Same reports whether nothing differs.
func (r *Result) Same() bool {
	for _, n := range r.Counts {
		if n > 0 {
			return false
		}
	}
	return true
}

// A comparison is a Compare at work.
type comparison struct {
	base, head  Source
	before, now *index
	rules       *rule
	each        func(Finding) error
	result      *Result
	err         error // of each

	// votes counts, for two kinds of results, the tasks that have one before and the other now.
	votes map[[2]int32]int
}

// Compare compares two sides by the ids of their tasks, and tells each finding of
// a task as it comes, in the order of the later side; each may be nil. An error
// is one of the options, of a source, or of each.
func Compare(base, head Source, o Options, each func(Finding) error) (*Result, error) {
	rules, err := o.rules()
	if err != nil {
		return nil, err
	}
	c := &comparison{
		base: base, head: head, rules: rules, each: each, votes: map[[2]int32]int{},
		result: &Result{Counts: map[Kind]int{}, First: map[Kind][]Finding{}},
	}
	if c.before, err = indexOf(base, rules); err != nil {
		return nil, err
	}
	if c.now, err = indexOf(head, rules); err != nil {
		return nil, err
	}
	if err := c.tasks(); err != nil {
		return nil, err
	}
	c.shapes()
	c.result.Unmatched = rules.unmatched()
	return c.result, nil
}

// tasks compares the tasks that both sides have.
func (c *comparison) tasks() error {
	matched := 0
	for i, u := range c.now.units {
		at, ok := c.before.named[u.name]
		if !ok {
			c.result.New++
			continue
		}
		matched++
		was := c.before.units[at]
		if was.kind != noKind && u.kind != noKind {
			c.votes[[2]int32{was.kind, u.kind}]++
		}
		before, err := read(c.base, was, c.before.more[at])
		if err != nil {
			return err
		}
		now, err := read(c.head, u, c.now.more[int32(i)])
		if err != nil {
			return err
		}
		name := now[0].name()
		if before[0].name() != name {
			return fmt.Errorf("the task %q changed while it was compared", name)
		}
		if c.task(name, before, now); c.err != nil {
			return c.err
		}
	}
	c.result.Gone = len(c.before.units) - matched
	c.result.Beyond = c.before.beyond + c.now.beyond
	return nil
}

// read reads the members of a unit again.
func read(s Source, u unit, more []int64) ([]Entry, error) {
	entries := make([]Entry, 0, 1+len(more))
	for _, ref := range append([]int64{u.ref}, more...) {
		e, err := s.At(ref)
		if err != nil {
			return nil, err
		}
		if hashed(e.name()) != u.name {
			return nil, fmt.Errorf("the task %q changed while it was compared", e.name())
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func (c *comparison) task(name string, before, now []Entry) {
	was, _, wasTold := verdict(before)
	is, why, isTold := verdict(now)
	open := func(o batch.Outcome) bool { return o == batch.Pending || o == batch.Running }
	if open(was) || open(is) {
		c.result.Unfinished++
		return
	}
	c.result.Compared++
	if was != is {
		f := Finding{Kind: Outcome, Task: name, Was: wasTold, Is: isTold, Message: why, Better: is == batch.Passed}
		if f.Better {
			c.result.Better++
		}
		c.found(f)
	}
	b, bAway := resultsOf(before)
	n, nAway := resultsOf(now)
	if bAway || nAway {
		c.result.Unread++
		return
	}
	if len(b) == 0 || len(n) == 0 || same(b, n) {
		return
	}
	c.contents(name, b, n)
}

// resultsOf returns the results of those that passed.
func resultsOf(entries []Entry) (results [][]byte, away bool) {
	for _, e := range entries {
		if e.Result != nil {
			results = append(results, e.Result)
		}
		away = away || e.Away
	}
	return results, away
}

func same(b, n [][]byte) bool {
	return len(b) == 1 && len(n) == 1 && bytes.Equal(b[0], n[0])
}

// contents compares the results of a task.
func (c *comparison) contents(name string, b, n [][]byte) {
	before, ok := decodeAll(b)
	now, also := decodeAll(n)
	if !ok || !also {
		if !slices.ContainsFunc(b, func(x []byte) bool {
			return slices.ContainsFunc(n, func(y []byte) bool { return bytes.Equal(x, y) })
		}) {
			c.found(Finding{Kind: Value, Task: name, Path: ".", From: sizeOf(b[0]), To: sizeOf(n[0])})
		}
		return
	}
	values := comparer{func(path string, was, is any) {
		c.found(Finding{Kind: Value, Task: name, Path: shown(path), From: contentOf(was), To: contentOf(is)})
	}}
	values.values("", c.rules, before, now)
	x, y := newTree(false), newTree(false)
	for _, v := range before {
		x.add(v, c.rules)
	}
	for _, v := range now {
		y.add(v, c.rules)
	}
	if c.rules.ignored() {
		return
	}
	lostKeys(x, y, func(path, was, is string) {
		c.found(Finding{Kind: Keys, Task: name, Path: path, Was: was, Is: is})
	})
}

func decodeAll(raw [][]byte) (values []any, ok bool) {
	for _, r := range raw {
		v, ok := decode(r)
		if !ok {
			return nil, false
		}
		values = append(values, v)
	}
	return values, true
}

// sizeOf is the content of a result that is not looked into.
func sizeOf(raw []byte) Content { return Content{short(string(raw), longest), len(raw)} }

func (c *comparison) found(f Finding) {
	f.Path = short(f.Path, longest)
	c.result.Counts[f.Kind]++
	if first := c.result.First[f.Kind]; len(first) < mostTold {
		c.result.First[f.Kind] = append(first, f)
	}
	if c.each != nil && c.err == nil {
		c.err = c.each(f)
	}
}

// shapes compares the kinds of results of both sides. A schema that was edited
// is another kind: those belong together that most tasks have, before and now;
// without a common task, those of one key.
func (c *comparison) shapes() {
	var s shapes
	taken := map[int32]bool{}
	for at := range c.now.kinds {
		now := &c.now.kinds[at]
		best, most := int32(-1), 0
		for b := range c.before.kinds {
			if votes := c.votes[[2]int32{int32(b), int32(at)}]; votes > most && !taken[int32(b)] {
				best, most = int32(b), votes
			}
		}
		if b, ok := c.before.known[now.key]; ok && (most == 0 || c.votes[[2]int32{b, int32(at)}] == most) && !taken[b] {
			best = b
		}
		if best < 0 {
			continue
		}
		taken[best] = true
		if before := &c.before.kinds[best]; before.tree.results > 0 && now.tree.results > 0 {
			s.compare(before, now)
		}
	}
	s.flag()
	c.result.Shapes, c.result.Tests = s.all, len(s.tests)
	for _, shape := range s.all {
		c.result.Counts[ShapeOf] += len(shape.Shifts)
	}
}
