package manifest

import (
	"github.com/bbbatch/bbbatch/internal/expr"
	"github.com/bbbatch/bbbatch/schema"
)

// objectOf is what expressions know of a value that a schema describes.
func objectOf(o schema.Outline) expr.Object {
	switch o.Type {
	case "object":
		out := expr.Object{Open: !o.Closed, Inner: map[string]expr.Object{}}
		for _, f := range o.Fields {
			out.Fields = append(out.Fields, f.Name)
			if f.Value.Type != "" {
				out.Inner[f.Name] = objectOf(f.Value)
			}
		}
		return out
	case "array":
		out := expr.Object{Alone: expr.List}
		if o.Items != nil && o.Items.Type != "" {
			each := objectOf(*o.Items)
			out.Each = &each
		}
		return out
	case "string":
		return expr.Object{Alone: expr.Text}
	case "boolean":
		return expr.Object{Alone: expr.Boolean}
	case "integer":
		return expr.Object{Alone: expr.Whole}
	case "number":
		return expr.Object{Alone: expr.Number}
	}
	return expr.Object{Open: true}
}
