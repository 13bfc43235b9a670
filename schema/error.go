package schema

import "strings"

// An Error is one thing that is wrong with a schema, or, as a warning, odd
// about it.
type Error struct {
	File    string // the file that holds it; [Options.Name] for the schema itself
	Pointer string // JSON Pointer, within File, of the value at fault
	Keyword string // the schema keyword at fault; "" for faults of the text itself
	Message string // for a person, without the place
	Hint    string // what to do about it; often ""
	AtKey   bool   // the name that Pointer ends in is at fault, not its value
	Err     error  // what [Options].Open returned, if that is the fault
}

// Error returns the place and the message.
func (e *Error) Error() string {
	place := e.File
	if e.Pointer != "" || place == "" {
		place += "#" + e.Pointer
	}
	return place + ": " + e.Message
}

// Unwrap returns the error of [Options].Open that led to this one, if any.
func (e *Error) Unwrap() error { return e.Err }

// Errors are all that could be found wrong with a schema, in the order of the
// files and of what stands in them. It is the error of [Compile].
type Errors []*Error

// Error joins the errors, one a line.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}
