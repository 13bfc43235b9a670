package expr

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// elsewhere are what other languages write for what is written otherwise here.
var elsewhere = map[string]string{
	"=": "==", "===": "==", "!==": "!=", "=>": ">=", "=<": "<=", "=~": "matches", "!~": "not … matches", "<>": "!=",
	"AND": "and", "OR": "or", "NOT": "not", "is": "==", "IS": "==", "IN": "in", "like": "contains or matches", "LIKE": "contains or matches",
	"“": `"`, "”": `"`, "„": `"`, "‘": `"`, "’": `"`, "≥": ">=", "≤": "<=", "≠": "!=",
	"null": "nil", "NULL": "nil", "Null": "nil", "None": "nil", "undefined": "nil",
	"True": "true", "TRUE": "true", "False": "false", "FALSE": "false",
}

var (
	unexpected = regexp.MustCompile(`^unexpected token [A-Za-z]+\((.*)\)$`)
	between    = regexp.MustCompile(`^(startsWith|endsWith|matches|in)\s*\(`)
	mixed      = regexp.MustCompile(`^Operator \((.+)\) and coalesce`)
	arguments  = regexp.MustCompile(`^(?:not enough|too many) arguments to call (\S+)$`)
	lastWord   = regexp.MustCompile(`([A-Za-z]+)\s*$`)
	literals   = regexp.MustCompile(`\b[0-9][0-9A-Za-z_.]*`)
	callBefore = regexp.MustCompile(`([A-Za-z]+)\s*\([^()]*\)?$`)
)

// reword says in our own words what the parser does not understand in source.
func reword(source string, e *Error) *Error {
	at := min(e.Offset, len(source))
	rest := source[at:]
	switch m := e.Message; {
	case strings.TrimSpace(source) == "":
		e.Offset, e.Message = 0, "the expression is empty"
	case m == "unexpected token EOF", m == "unexpected end of expression":
		e.Message = "the expression ends where " + missing(source) + " is expected"
		e.Offset = len(strings.TrimRight(source, " \t\n"))
	case m == "literal not terminated":
		if open := openQuote(source); open >= 0 {
			e.Offset = open
		}
		e.Message = "the string that begins here has no end: its closing quote is missing"
	case m == "unclosed comment":
		e.Message = "the comment has no end: */ is missing"
	case strings.HasPrefix(m, "unrecognized character: "):
		r, _ := utf8.DecodeRuneInString(rest)
		e.Message = fmt.Sprintf("the character %c means nothing here", r) + insteadOf(string(r))
	case strings.Contains(m, " literal: strconv."), strings.HasSuffix(m, " literal is too large"):
		e.Message = "the number is out of range"
		for _, number := range literals.FindAllStringIndex(source, -1) {
			if number[0] <= at {
				e.Offset = number[0]
			}
		}
	case m == "invalid char escape":
		e.Message = `the string holds a \ that means nothing: write \\`
	case mixed.MatchString(m):
		e.Message = fmt.Sprintf("?? and %s need brackets: write (a ?? b) %[1]s c", mixed.FindStringSubmatch(m)[1])
	case strings.HasPrefix(m, "expected at least "):
		if name := callBefore.FindStringSubmatch(source[:min(at+1, len(source))]); name != nil {
			e.Message = takes(name[1])
		}
	case unexpected.MatchString(m):
		e.unexpected(source, at)
	}
	return e
}

func (e *Error) unexpected(source string, at int) {
	const signs = "=<>!~"
	from, to := at, at
	for from > 0 && strings.IndexByte(signs, source[from-1]) >= 0 {
		from--
	}
	for to < len(source) && strings.IndexByte(signs, source[to]) >= 0 {
		to++
	}
	word := unexpected.FindStringSubmatch(e.Message)[1]
	if sign := source[from:to]; elsewhere[sign] != "" {
		e.Offset, e.Message = from, sign+" is no operator"+insteadOf(sign)
		return
	}
	word = strings.Trim(word, `"`)
	before := lastWord.FindStringSubmatchIndex(source[:at])
	switch m := between.FindStringSubmatch(source[at:]); {
	case m != nil:
		e.Message = fmt.Sprintf("%s stands between two values: write a %[1]s b", m[1])
	case elsewhere[word] != "":
		e.Message = word + " is no operator" + insteadOf(word)
	case before != nil && elsewhere[source[before[2]:before[3]]] != "":
		word = source[before[2]:before[3]]
		e.Offset, e.Message = before[2], word+" is no operator"+insteadOf(word)
	default:
		e.Message = fmt.Sprintf("unexpected %s", brief(word, 60))
	}
}

// insteadOf says what is written for a word of another language; "" for others.
func insteadOf(word string) string {
	if ours := elsewhere[word]; ours != "" {
		return ": write " + ours
	}
	return ""
}

// missing is what an expression lacks that ends too early.
func missing(source string) string {
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil || len(tokens) < 2 {
		return "a value"
	}
	last := tokens[len(tokens)-2] // the very last is the end
	if last.Is(lexer.Operator, ".", "?.") {
		return "the name of a field"
	}
	if last.Is(lexer.Operator) || last.Is(lexer.Bracket, "(", "[", "{") {
		return "a value"
	}
	closing := map[string]string{"(": ")", "[": "]", "{": "}"}
	var open []string
	ternary := false
	for _, t := range tokens {
		switch {
		case t.Is(lexer.Bracket, "(", "[", "{"):
			open = append(open, closing[t.Value])
		case t.Is(lexer.Bracket) && len(open) > 0:
			open = open[:len(open)-1]
		case t.Is(lexer.Operator, "?"):
			ternary = true
		}
	}
	switch {
	case len(open) > 0:
		return open[len(open)-1]
	case ternary:
		return ": and a value"
	}
	return "a value"
}

// openQuote is the offset of the quote that nothing closes, or -1.
func openQuote(source string) int {
	for i := 0; i < len(source); i++ {
		if c := source[i]; c == '"' || c == '\'' || c == '`' {
			n := quoted(source[i:])
			if n < 0 {
				return i
			}
			i += n - 1
		}
	}
	return -1
}

// forms are how the calls of functions look.
var forms = map[string]string{
	"near": "near(a, b, tolerance)", containsName: "contains(whole, part)", "len": "len(value)",
	"all": "all(list, condition)", "any": "any(list, condition)", "none": "none(list, condition)", "one": "one(list, condition)",
	"filter": "filter(list, condition)", "map": "map(list, value)", "find": "find(list, condition)", "groupBy": "groupBy(list, value)",
	"sortBy": "sortBy(list, value)", "reduce": "reduce(list, value)", "split": "split(text, separator)", "join": "join(list, separator)",
	"replace": "replace(text, old, new)", "trim": "trim(text)", "upper": "upper(text)", "lower": "lower(text)", "int": "int(value)",
	"float": "float(value)", "string": "string(value)", "round": "round(number)", "abs": "abs(number)", "floor": "floor(number)",
	"ceil": "ceil(number)", "keys": "keys(map)", "values": "values(map)", "first": "first(list)", "last": "last(list)",
	"hasPrefix": "hasPrefix(text, prefix)", "hasSuffix": "hasSuffix(text, suffix)", "indexOf": "indexOf(text, part)",
	"repeat": "repeat(text, times)", "date": "date(text)", "toJSON": "toJSON(value)", "fromJSON": "fromJSON(text)",
}

// takes says how a function is called that was given too few or too many arguments.
func takes(name string) string {
	if form := forms[words.Replace(name)]; form != "" {
		return "the number of arguments is wrong: write " + form
	}
	return "the number of arguments of " + words.Replace(name) + " is wrong"
}

// calling makes of an error of the checker about a call one in our words.
func calling(source string, e *Error) *Error {
	if m := arguments.FindStringSubmatch(e.Message); m != nil {
		e.Message = takes(m[1])
	} else if strings.HasPrefix(e.Message, "invalid number of arguments") {
		if name := regexp.MustCompile(`^[A-Za-z]+`).FindString(source[min(e.Offset, len(source)):]); name != "" {
			e.Message = takes(name)
		}
	}
	return e
}
