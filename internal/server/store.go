package server

import (
	"cmp"
	"slices"
	"time"
)

// An ordered list keeps entries by their sequence number, which grows with
// createdAt, so that a page is found without looking at what is outside it.
type ordered[T entry] struct {
	all  []T
	gone int
	next uint64
}

type entry interface {
	seq() uint64
	created() time.Time
	forgotten() bool
}

// number is the sequence number of the next entry; the first is 1.
func (o *ordered[T]) number() uint64 {
	o.next++
	return o.next
}

func (o *ordered[T]) add(e T) { o.all = append(o.all, e) }

// forget counts an entry that has become forgotten, and lets go of them once
// they are half of the list.
func (o *ordered[T]) forget() {
	o.gone++
	if o.gone > 64 && o.gone > len(o.all)/2 {
		o.all = slices.Clone(slices.DeleteFunc(o.all, func(e T) bool { return e.forgotten() }))
		o.gone = 0
	}
}

// page gives the entries of a window that fit, newest first, and whether there
// are more.
func (o *ordered[T]) page(w window, fits func(T) bool) (found []T, more bool) {
	end := len(o.all)
	if w.before > 0 {
		end, _ = slices.BinarySearchFunc(o.all, w.before, func(e T, n uint64) int { return cmp.Compare(e.seq(), n) })
	}
	if !w.to.IsZero() {
		// The first entry created after the window.
		after, _ := slices.BinarySearchFunc(o.all, w.to, func(e T, t time.Time) int {
			if e.created().After(t) {
				return 1
			}
			return -1
		})
		end = min(end, after)
	}
	for i := end - 1; i >= 0; i-- {
		e := o.all[i]
		if e.created().Before(w.from) {
			break
		}
		if e.forgotten() || !fits(e) {
			continue
		}
		if len(found) == w.limit {
			return found, true
		}
		found = append(found, e)
	}
	return found, false
}
