package expr

import (
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// contains is an operator of expr-lang, between two strings, and a function of
// ours. As the lexer knows nothing but the operator, the function goes by
// another name of the same length, so that offsets stay what they are.
const (
	containsName = "contains"
	helperName   = "contain_"
)

// callable writes the calls of contains under its other name. What cannot be
// split into tokens is returned as it is; the parser will say why.
func callable(source string) string {
	if !strings.Contains(source, containsName) {
		return source
	}
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil {
		return source
	}
	out := []byte(source)
	for i, t := range tokens {
		if !t.Is(lexer.Operator, containsName) || i+1 == len(tokens) || !tokens[i+1].Is(lexer.Bracket, "(") || operand(tokens[:i]) {
			continue
		}
		copy(out[byteOffset(source, t.From):], helperName)
	}
	return string(out)
}

// operand reports whether an operand ends with the last token, so that an
// operator may follow.
func operand(before []lexer.Token) bool {
	n := len(before)
	if n == 0 {
		return false
	}
	last := before[n-1]
	if n > 1 && (before[n-2].Is(lexer.Operator, ".") || before[n-2].Is(lexer.Operator, "?.")) {
		return true // a field, whatever its name
	}
	switch last.Kind {
	case lexer.Identifier, lexer.Number, lexer.String, lexer.Bytes:
		return true
	case lexer.Bracket:
		return last.Is(lexer.Bracket, ")", "]", "}")
	}
	if last.Is(lexer.Operator, "not") {
		return operand(before[:n-1]) // x not contains y
	}
	// After a dot stands the name of a field, after # the element itself.
	return last.Is(lexer.Operator, "#", ".", "?.")
}
