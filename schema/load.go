package schema

import (
	"fmt"
	"strconv"
)

// load reads a document and refuses what nothing else should have to look at.
// The error is an [Errors]. A number that is too long is a fault of the
// document, in which another then stands in its place, so that what else is wrong
// is found too.
func load(name string, text []byte) (*document, error) {
	s := scanJSON(text)
	var errs Errors
	add := func(pointer, format string, args ...any) {
		errs = append(errs, &Error{File: name, Pointer: pointer, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case s.syntax != "":
		add("", "is not JSON: %s", s.syntax)
	case len(text) > MaxResultBytes:
		add("", "is larger than %d MB", MaxResultBytes>>20)
	case s.depth:
		add(s.deepest, "is nested more than %d levels deep", maxDepth)
	case s.values > maxSchemaValues:
		add("", "has more than %d values", maxSchemaValues)
	}
	if errs != nil {
		return nil, errs
	}
	for _, p := range s.numbers {
		add(p, "is a number of more than %d digits or with an exponent beyond ±%d", maxDigits, maxExponent)
	}
	root, err := parse(text)
	if e, ok := err.(*Error); ok {
		e.File = name
		return nil, append(errs, e)
	}
	if err != nil {
		add("", "is not JSON: %v", err)
		return nil, errs
	}
	for i, p := range s.numbers {
		n := root.at(p)
		if n == nil || n.kind != number || len(s.numbers) == maxProblems {
			return nil, errs // a path that was cut, or there may be more
		}
		n.text = strconv.Itoa(1000 + i) // no two the same: they may be items of an enum
	}
	return &document{name: name, root: root, faults: errs}, nil
}
