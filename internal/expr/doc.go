// Package expr owns the expression language of manifests: it finds the
// ${{ … }} in a text, compiles expressions against the names that may stand
// there, and evaluates them within bounds. The language is
// github.com/expr-lang/expr, and no other package uses it.
//
// An expression can compute and nothing else: there is no clock, no time zone
// of the machine, no input and no output, and the same values give the same
// result. A field that is absent is an [AbsentError] and never a silent null,
// unless the expression provides for it with ??, ?. or a comparison with nil.
//
// An expression is compiled twice. Its types are checked as it is written; what
// runs is [guard]'s version of it, in which every access, comparison and call
// goes through functions of ours that know absence and keep account of the
// work. Start at [Compile].
//
// Deliberately absent: YAML, files and secrets' values; a caller that wants a
// secret asks [Program.Path] and fills it in itself.
package expr
