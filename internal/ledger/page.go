package ledger

import (
	"iter"
	"math"
)

// A page is what one read transaction fetches of a long sequence: so many
// items at most, and not many more bytes than that. Between pages nothing is
// held open, however long the caller takes over an item.
const (
	pageItems = 500
	pageBytes = 4 << 20
)

// pages yields the items that fetch finds, in the order of their positions.
// fetch returns the items from a position on, and the last position that it
// has looked at; it returns none when there are no more.
func pages[T any](from int, fetch func(from int) (items []T, last int, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for next := max(from, 0); ; {
			items, last, err := fetch(next)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if len(items) == 0 || last == math.MaxInt {
				return
			}
			next = last + 1
		}
	}
}
