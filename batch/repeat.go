package batch

import (
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
)

// A fate is what the members of a repetition have come to together.
type fate struct {
	passed int
	open   int // may yet pass
	all    int
	want   int // must pass
}

// fateOf counts the members of a repetition. Those that left the manifest are
// none any more.
func fateOf(rep Repetition, members []Row) fate {
	f := fate{want: rep.Pass}
	for _, m := range members {
		switch {
		case m.Left:
			continue
		case m.State != StateDone:
			f.open++
		case m.Outcome == Passed:
			f.passed++
		}
		f.all++
	}
	if f.want == 0 {
		f.want = rep.Times
	}
	return f
}

func (f fate) won() bool     { return f.passed >= f.want }
func (f fate) lost() bool    { return f.passed+f.open < f.want }
func (f fate) certain() bool { return f.won() || f.lost() }

// why says in words what makes it certain.
func (f fate) why() string {
	if f.won() {
		return fmt.Sprintf("%d of %d passed already, and %d are enough", f.passed, f.all, f.want)
	}
	return fmt.Sprintf("%d of %d must pass, and no more than %d still can", f.want, f.all, f.passed+f.open)
}

// memberLocks are locks over which repetitions are spread, so that two members
// that end at the same moment see each other.
type memberLocks struct {
	seed  maphash.Seed
	locks [64]sync.Mutex
}

func newMemberLocks() *memberLocks { return &memberLocks{seed: maphash.MakeSeed()} }

// lockMember lets one member of a repetition come to its verdict at a time.
func (r *runner) lockMember(row Row) (unlock func()) {
	if row.Repeat == nil {
		return func() {}
	}
	lock := &r.members.locks[maphash.String(r.members.seed, row.Repeat.Group)%uint64(len(r.members.locks))]
	lock.Lock()
	return lock.Unlock
}

// memberEnded is called when a member has its verdict, with its repetition
// locked: it skips those that nothing depends on any more. certain reports
// whether it was this verdict that made the repetition's own certain.
func (r *runner) memberEnded(row Row) (f fate, certain bool, err error) {
	members, err := r.Ledger.Members(row.Repeat.Group)
	if err != nil {
		return f, false, err
	}
	f = fateOf(*row.Repeat, members)
	before := f
	for _, m := range members {
		if m.Position == row.Position && !m.Left {
			before.open++
			if m.Outcome == Passed {
				before.passed--
			}
		}
	}
	return f, f.certain() && !before.certain(), r.skipMembers(f, *row.Repeat, members)
}

// skipMembers ends the members that have not started, if nothing depends on
// them. One that is started at the same moment goes on.
func (r *runner) skipMembers(f fate, rep Repetition, members []Row) error {
	if rep.All || !f.certain() {
		return nil
	}
	for _, m := range members {
		if m.State != StatePending || m.Left {
			continue
		}
		if err := r.append(skipped(m, f.why())); err != nil && !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return nil
}

func skipped(row Row, why string) Event {
	return Event{
		Kind: TaskSkipped, Position: row.Position, Place: row.Place, ID: row.ID, Attempt: row.Attempt,
		Verdict: &Verdict{Outcome: Skipped, Message: why},
	}
}

// needless skips a member that is about to start if its repetition is certain,
// as one is that was decided when the process before this one ended.
func (r *runner) needless(row Row) (bool, error) {
	if row.Repeat == nil || row.Repeat.All {
		return false, nil
	}
	defer r.lockMember(row)()
	members, err := r.Ledger.Members(row.Repeat.Group)
	if err != nil {
		return false, err
	}
	f := fateOf(*row.Repeat, members)
	return f.certain(), r.skipMembers(f, *row.Repeat, members)
}

// skippedMeanwhile takes the error of an intent, and reports whether it means
// that the task's repetition became certain a moment before: nothing was sent
// then.
func (r *runner) skippedMeanwhile(row Row, err error) (bool, error) {
	if row.Repeat == nil || !errors.Is(err, ErrConflict) {
		return false, err
	}
	now, lookErr := r.Ledger.Task(row.Position)
	if lookErr != nil {
		return false, lookErr
	}
	if now.State == StateDone && now.Outcome == Skipped {
		return true, nil
	}
	return false, err
}
