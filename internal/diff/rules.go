package diff

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
)

// Options are what a person says of how results are to be compared. Paths are
// such as price.amount and items[].sku; what is said of a path that no result
// has is told by [Result].Unmatched.
type Options struct {
	Ignore    []string           // paths that are not compared, with all that is below them
	Tolerance map[string]float64 // by how much numbers may differ, by path; absolute
	Keys      map[string]string  // the member that tells the elements of a list apart, by the list's path
}

// A rule is what the options say of one path and of those below it. A nil rule
// says nothing.
type rule struct {
	text      string // as it was given; "" for a path that merely leads to others
	ignore    bool
	tolerance *big.Rat
	key       string
	met       bool // some result has the path

	members map[string]*rule
	elems   *rule
}

// rules reads the options. The error names the path that can't be read.
func (o Options) rules() (*rule, error) {
	root := &rule{met: true}
	for _, text := range o.Ignore {
		r, err := root.at(text)
		if err != nil {
			return nil, fmt.Errorf("ignore: %w", err)
		}
		r.ignore = true
	}
	for _, text := range slices.Sorted(maps.Keys(o.Tolerance)) {
		r, err := root.at(text)
		if err != nil {
			return nil, fmt.Errorf("tolerance: %w", err)
		}
		by := o.Tolerance[text]
		t, ok := new(big.Rat).SetString(strconv.FormatFloat(by, 'g', -1, 64)) // the decimal that was written
		if !ok || by < 0 {
			return nil, fmt.Errorf("tolerance: %s: must be a number from 0 up, not %v", text, by)
		}
		r.tolerance = t
	}
	for _, text := range slices.Sorted(maps.Keys(o.Keys)) {
		r, err := root.at(text)
		if err != nil {
			return nil, fmt.Errorf("keys: %w", err)
		}
		if o.Keys[text] == "" {
			return nil, fmt.Errorf("keys: %s: the member's name is empty", text)
		}
		r.key = o.Keys[text]
	}
	return root, nil
}

// Check reports what is wrong with the options.
func (o Options) Check() error {
	_, err := o.rules()
	return err
}

// at returns the rule of a path, which is made.
func (r *rule) at(text string) (*rule, error) {
	steps, err := parsePath(text)
	if err != nil {
		return nil, err
	}
	for _, s := range steps {
		next := r.elems
		if !s.elem {
			next = r.members[s.name]
		}
		if next == nil {
			next = new(rule)
			if s.elem {
				r.elems = next
			} else {
				if r.members == nil {
					r.members = map[string]*rule{}
				}
				r.members[s.name] = next
			}
		}
		r = next
	}
	r.text = text
	return r, nil
}

// member is the rule of a member, and elem that of a list's elements. Each is
// asked only for what a result has.
func (r *rule) member(name string) *rule {
	if r == nil {
		return nil
	}
	return r.members[name].seen()
}

func (r *rule) elem() *rule {
	if r == nil {
		return nil
	}
	return r.elems.seen()
}

func (r *rule) seen() *rule {
	if r != nil {
		r.met = true
	}
	return r
}

func (r *rule) ignored() bool { return r != nil && r.ignore }

// unmatched adds the paths that no result had, sorted.
func (r *rule) unmatched() (paths []string) {
	if r == nil || r.met && r.ignore { // what is below was not looked at
		return nil
	}
	if r.text != "" && !r.met {
		paths = append(paths, r.text)
	}
	for _, name := range slices.Sorted(maps.Keys(r.members)) {
		paths = append(paths, r.members[name].unmatched()...)
	}
	return append(paths, r.elems.unmatched()...)
}
