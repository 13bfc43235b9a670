package expr

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/file"
)

// An Error says what is wrong with an expression, and where.
type Error struct {
	Offset       int // in bytes, within the source, or the template for [Split]
	Message      string
	Name         string   // the name that is not known, if that is what is wrong
	Known        []string // what could have been meant instead of Name
	Hint         string   // what to do about it; often ""
	Unterminated bool     // the expression has no end
	Secret       bool     // Name is a field that is secret, and the expression is more than that
}

func (e *Error) Error() string { return e.Message }

// An AbsentError says that what the expression needs is not there.
type AbsentError struct {
	Path string // where it should be, such as result.price.amount or result.items[3].price

	// The name that the path begins with and its one field, of a path such as
	// row.sku; Field is "" for every other.
	Name  string
	Field string
}

func (e *AbsentError) Error() string { return cmp.Or(e.Path, e.Field) + " is absent" }

// explain turns an error of expr-lang into ours.
func explain(source string, err error) *Error {
	if ours := (*Error)(nil); errors.As(err, &ours) {
		return ours
	}
	var at *file.Error
	if !errors.As(err, &at) {
		return &Error{Message: plain(err.Error())}
	}
	message := at.Message
	if message == "" && at.Prev != nil {
		message = at.Prev.Error()
	}
	return &Error{Offset: byteOffset(source, at.From), Message: plain(message)}
}

// plain takes the words of Go's runtime out of a message, and what makes it
// long: it may quote a value.
func plain(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	message = strings.TrimPrefix(message, "compilation failed: ")
	message = strings.TrimPrefix(message, "runtime error: ")
	if m := conversion.FindStringSubmatch(message); m != nil {
		message = fmt.Sprintf("needs %s, not %s", typeWord(m[2]), typeWord(m[1]))
	}
	if m := argument.FindStringSubmatch(message); m != nil {
		message = fmt.Sprintf("%s cannot be used with %s", m[1], typeWord(m[2]))
	}
	if rest, pattern := strings.CutPrefix(message, "error parsing regexp: "); pattern {
		message = "the pattern of matches is wrong: " + rest
	}
	if message == "integer divide by zero" {
		message = errZero.Error()
	}
	if message == "memory budget exceeded" {
		message = fmt.Sprintf("it makes more than %d elements", maxMemory)
	}
	if m := operation.FindStringSubmatch(message); m != nil {
		message = fmt.Sprintf("%s cannot be used with %s and %s", m[2], typeWord(m[1]), typeWord(m[3]))
	}
	return brief(words.Replace(message), 200)
}

var (
	conversion = regexp.MustCompile(`^interface conversion: interface \{\} is (.+), not (.+)$`)
	argument   = regexp.MustCompile(`^invalid argument for (\S+) \(type (.+)\)$`)
	operation  = regexp.MustCompile(`^invalid operation: (\S+(?: \{\})?) (\S+) (\S+(?: \{\})?)$`)
)

// words are what Go's types and values are called in expressions.
var words = strings.NewReplacer(
	"map[string]interface {}", "map", "map[interface {}][]interface {}", "map", "[]interface {}", "list", "[]string", "list",
	"[]int", "list", "int64", "int", "float64", "number", "<nil>", "null", helperName, containsName,
)

// typeWord names the type of a value as [kind] does.
func typeWord(t string) string {
	switch t {
	case "<nil>", "nil":
		return "null"
	case "bool":
		return "a boolean"
	case "string":
		return "a string"
	case "int", "int64", "float64", "json.Number":
		return "a number"
	case "time.Time":
		return "a date"
	case "time.Duration":
		return "a duration"
	}
	switch {
	case strings.HasPrefix(t, "map["):
		return "a map"
	case strings.HasPrefix(t, "[]"):
		return "a list"
	}
	return t
}

// brief cuts a text to about n bytes.
func brief(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// kind names what a value is, in words.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case map[string]any:
		return "a map"
	}
	return typeWord(fmt.Sprintf("%T", v))
}

// byteOffset turns the offset of a character, as expr-lang counts, into one
// of bytes.
func byteOffset(s string, runes int) int {
	at := 0
	for ; runes > 0 && at < len(s); runes-- {
		_, n := utf8.DecodeRuneInString(s[at:])
		at += n
	}
	return at
}
