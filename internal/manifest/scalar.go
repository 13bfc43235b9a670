package manifest

import "regexp"

// number is what a plain scalar must look like to be a number: JSON's own
// grammar, so that its text can be sent as it is.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// plainKind resolves a plain scalar by its text alone. YAML's own rules turn
// no into false, 007 into 7 and 1_000 into 1000; ours leave everything that is
// not clearly JSON's null, boolean or number a string.
func plainKind(text string) kind {
	switch text {
	case "", "~", "null":
		return null
	case "true", "false":
		return boolean
	}
	if c := text[0]; (c == '-' || '0' <= c && c <= '9') && number.MatchString(text) {
		return numeric
	}
	return textual
}
