// Package expr owns the expression language of manifests: it finds the
// ${{ … }} in a text, compiles them against the names that may stand there,
// and evaluates them within bounds. The language is github.com/expr-lang/expr,
// and no other package uses it.
//
// An expression can compute and nothing else: there is no clock, no time zone
// of the machine, no input and no output, and the same values give the same
// result. Deliberately absent: YAML, files and secrets' values; a caller that
// wants a secret asks [Program.Path] and fills it in itself.
package expr
