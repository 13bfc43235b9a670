package batch

import (
	"iter"
)

// CompareOptions say how a manifest is applied to a batch.
type CompareOptions struct {
	// RerunChanged runs tasks anew that passed and ask something else now. They
	// are kept otherwise.
	RerunChanged bool

	// Reuse finds a result of an earlier batch for a task that no run was bought
	// for, nil where there is none. A nil Reuse looks for none.
	Reuse func(run string) (*Reuse, error)
}

// Compare says what becomes of each task when a manifest is applied to a batch:
// first of all its tasks in their order, and then of those that it no longer
// has. It buys and changes nothing. A nil ledger is a batch that is not there
// yet. An error is that of the tasks or of the ledger, or a [*ChangedError]
// where two tasks have one id, and ends the sequence.
//
// While the two go side by side it reads on in the batch, and looks tasks up by
// their ids where they do not. It holds one bit for a task.
func Compare(tasks iter.Seq2[Task, error], l Ledger, o CompareOptions) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		c := comparison{ledger: l, options: o}
		defer c.close()
		for task, err := range tasks {
			var change Change
			if err == nil {
				change, err = c.change(task)
			}
			if !yield(change, err) || err != nil {
				return
			}
		}
		for change, err := range c.left() {
			if !yield(change, err) || err != nil {
				return
			}
		}
	}
}

// A comparison is one Compare at work.
type comparison struct {
	ledger  Ledger
	options CompareOptions
	runs    Fingerprinter
	others  Fingerprinter // of requests that are not the task's
	schemas lastSchema

	next  func() (Row, error, bool) // reads on in the batch; nil before the first
	stop  func()
	head  Row  // the row that comes next there
	ahead bool // there is one
	place int  // of the row that was found last
	inRow int  // rows that were looked up and followed each other

	seen   bits // positions of the rows that were found
	prefix int  // places before this one were found all
}

func (c *comparison) close() {
	if c.stop != nil {
		c.stop()
	}
}

// change says what becomes of a task.
func (c *comparison) change(task Task) (Change, error) {
	if c.ledger == nil {
		return c.fresh(task)
	}
	row, ok, err := c.find(task.ID)
	if err != nil {
		return Change{}, err
	}
	if !ok {
		return c.fresh(task)
	}
	if c.seen.has(row.Position) {
		return Change{}, &ChangedError{ID: task.ID, Why: "is in the manifest twice"}
	}
	c.seen.add(row.Position)
	return c.classify(task, row)
}

func (c *comparison) fresh(task Task) (Change, error) {
	change := Change{Class: ClassNew, Task: task}
	if task.Skip != "" {
		change.Class, change.Why = ClassSkipped, task.Skip
		return change, nil
	}
	if c.options.Reuse == nil {
		return change, nil // spares the fingerprint
	}
	return change, c.reuse(&change, c.runs.RunFingerprint(task.Spec))
}

// readOnAfter is how many rows that follow each other make it worth reading on: a
// page costs as much as many look-ups.
const readOnAfter = 4

// find returns the row with an id.
func (c *comparison) find(id string) (row Row, ok bool, err error) {
	if c.next == nil {
		if err := c.readFrom(0); err != nil {
			return Row{}, false, err
		}
	}
	if c.ahead && c.head.ID == id {
		row = c.head
		if row.Place == c.prefix {
			c.prefix++
		}
		c.place = row.Place
		return row, true, c.read()
	}
	row, ok, err = c.ledger.Named(id)
	if err != nil || !ok {
		return row, ok, err
	}
	// Some in a row that follow each other: where rows were cut out or put in,
	// the rest goes side by side again.
	if row.Place != c.place+1 {
		c.inRow = 0
	} else if c.inRow++; c.inRow == readOnAfter {
		c.inRow = 0
		err = c.readFrom(row.Place + 1)
	}
	c.place = row.Place
	return row, true, err
}

// readFrom goes on reading in the batch from a place on.
func (c *comparison) readFrom(place int) error {
	c.close()
	c.next, c.stop = iter.Pull2(c.ledger.Rows(place))
	return c.read()
}

func (c *comparison) read() (err error) {
	c.head, err, c.ahead = c.next()
	return err
}

// left yields the rows that no task was found for.
func (c *comparison) left() iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		if c.ledger == nil {
			return
		}
		for row, err := range c.ledger.Rows(c.prefix) {
			if err == nil && c.seen.has(row.Position) {
				continue
			}
			change := Change{Class: ClassLeft, Row: row}
			if err == nil {
				change.Why = whyLeft(row)
			}
			if !yield(change, err) || err != nil {
				return
			}
		}
	}
}

// bits are a set of small numbers.
type bits []uint64

func (b bits) has(n int) bool { return n/64 < len(b) && b[n/64]&(1<<(n%64)) != 0 }

func (b *bits) add(n int) {
	for n/64 >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[n/64] |= 1 << (n % 64)
}
