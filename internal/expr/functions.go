package expr

import (
	"slices"

	lang "github.com/expr-lang/expr"
	"github.com/expr-lang/expr/builtin"
)

// A function is one that expressions may call and expr-lang does not have, or
// has in a form that depends on chance or on the machine, or has no bound.
type function struct {
	name  string
	run   func(m *meter, args []any) (any, error)
	types []any // what its calls may look like; none for those that [guard] puts in
}

func functions() []function {
	return slices.Concat(inserted(), comparing(), texts(), lists(), converting())
}

// inserted are the functions that [guard] puts in.
func inserted() []function {
	return []function{
		{name: nameName, run: (*meter).name},
		{name: fieldName, run: (*meter).field},
		{name: stepName, run: (*meter).step},
		{name: plusName, run: plus},
		{name: equalName, run: equal},
		{name: inName, run: in},
		{name: matchesName, run: matches},
		{name: shallowName, run: (*meter).shallow},
		{name: textName, run: (*meter).characters},
		{name: divisorName, run: divisor},
		{name: deepName, run: (*meter).deep},
		{name: sortedName, run: (*meter).sorted},
	}
}

// denied are the functions whose result depends on the moment or the machine.
var denied = map[string]bool{"now": true, "timezone": true}

// dear says of expr-lang's own functions how their work is accounted for: by
// the length of a text or of a list, or by all that lies in it. The others do
// little, or call a predicate, which accounts for itself.
var dear = map[string]string{
	"len": textName, "trimPrefix": textName, "trimSuffix": textName, "upper": textName, "lower": textName,
	"indexOf": textName, "lastIndexOf": textName, "hasPrefix": textName, "hasSuffix": textName, "duration": textName, "fromBase64": textName,
	"count": shallowName, "sum": shallowName, "reverse": shallowName, "concat": shallowName,
	"max": deepName, "min": deepName, "mean": deepName, "median": deepName, "sort": sortedName, "sortBy": sortedName,
}

// metered are the names of the functions that take the meter.
var metered = func() map[string]bool {
	names := map[string]bool{}
	for _, f := range functions() {
		names[f.name] = f.types != nil
	}
	return names
}()

// typed declares the functions to expr-lang as they are written.
func typed() []lang.Option {
	options := without()
	for _, f := range functions() {
		if f.types != nil {
			options = append(options, lang.Function(f.name, func(...any) (any, error) { return nil, nil }, f.types...))
		}
	}
	return options
}

// untyped declares the functions as they are run, with the meter in front.
func untyped() []lang.Option {
	options := without()
	for _, f := range functions() {
		options = append(options, lang.Function(f.name, func(args ...any) (any, error) {
			return f.run(args[0].(*meter), args[1:])
		}))
	}
	return options
}

// without takes away what of expr-lang's own is replaced or denied.
func without() []lang.Option {
	var options []lang.Option
	for name := range denied {
		options = append(options, lang.DisableBuiltin(name))
	}
	for _, f := range functions() {
		if _, own := builtin.Index[f.name]; own {
			options = append(options, lang.DisableBuiltin(f.name))
		}
	}
	return options
}

// functionNames lists what a manifest can call.
func functionNames() []string {
	names := []string{"near", containsName}
	for _, f := range builtin.Builtins {
		if !denied[f.Name] {
			names = append(names, f.Name)
		}
	}
	return names
}
