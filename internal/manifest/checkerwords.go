package manifest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// Bounds of what is shown of an expectation: a result may be long, and its
// author may have written much.
const (
	shownValues = 8   // of one expectation in words
	shownSource = 300 // characters of an expression or of a reason
	shownJSON   = 60  // bytes of a list or a map that is shown as it is
	storedText  = 200 // characters of a string in a problem's values
)

// readings are values by the names that an expression has for them.
type readings []struct {
	name  string
	value any // as the values have it
	gone  bool
}

// showAll looks up what an expression reads.
func showAll(paths []expr.Path, v *expr.Values) readings {
	out := make(readings, len(paths))
	for i, p := range paths {
		value, err := v.At(p)
		out[i].name, out[i].value, out[i].gone = p.Text, value, err != nil
	}
	return out
}

// words lists the values, such as ", with result.price = 12.5, row.max = "9"".
func (s readings) words() string {
	var b strings.Builder
	for i, v := range s {
		switch i {
		case 0:
			b.WriteString(", with ")
		case shownValues:
			fmt.Fprintf(&b, " and %d more", len(s)-i)
			return b.String()
		default:
			b.WriteString(", ")
		}
		b.WriteString(cut(v.name))
		if v.gone {
			b.WriteString(" absent")
		} else {
			b.WriteString(" = " + inWords(v.value))
		}
	}
	return b.String()
}

// inWords shows a value as JSON if it is short, else what it is.
func inWords(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case []any:
		if text, ok := short(v); ok {
			return text
		}
		return fmt.Sprintf("a list of %d", len(v))
	case map[string]any:
		if text, ok := short(v); ok {
			return text
		}
		return fmt.Sprintf("a map of %d", len(v))
	}
	text, err := appendAny(nil, v)
	if err != nil {
		return "a value"
	}
	return cut(string(text))
}

// short writes a list or a map that takes little room.
func short(v any) (string, bool) {
	if room := shownJSON; !fitsIn(v, &room) {
		return "", false
	}
	text, err := appendAny(nil, v)
	return string(text), err == nil
}

// fitsIn reports whether a value takes no more room than there is, without
// looking at all of one that does.
func fitsIn(v any, room *int) bool {
	switch v := v.(type) {
	case string:
		*room -= len(v) + 3
	case json.Number:
		*room -= len(v) + 1
	case []any:
		*room -= 2
		for i := 0; i < len(v) && *room >= 0; i++ {
			fitsIn(v[i], room)
		}
	case map[string]any:
		*room -= 2
		for key, item := range v {
			if *room -= len(key) + 3; *room < 0 || !fitsIn(item, room) {
				break
			}
		}
	default:
		*room -= 6
	}
	return *room >= 0
}

// json is a JSON object of the values, in their order; nil without any. Those
// that are absent are left out, and those that are long are cut or named.
func (s readings) json() json.RawMessage {
	out := []byte{'{'}
	for _, v := range s {
		if v.gone {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(appendString(out, v.name), ':')
		out = appendShown(out, v.value)
	}
	if len(out) == 1 {
		return nil
	}
	return append(out, '}')
}

// appendShown writes a value of a readable length.
func appendShown(out []byte, v any) []byte {
	room := storedText
	if fitsIn(v, &room) {
		if text, err := appendAny(out, v); err == nil {
			return text
		}
	}
	switch v := v.(type) {
	case string:
		return appendString(out, cutTo(v, storedText))
	case json.Number:
		return append(out, v...) // it has its limits already
	}
	return appendString(out, inWords(v))
}

// oneLine writes an expression on one line, cut to a readable length.
func oneLine(source string) string {
	return cutTo(strings.Join(strings.Fields(source), " "), shownSource)
}

// cutTo shortens a text to n characters.
func cutTo(s string, n int) string {
	at := 0
	for i := range s {
		if at++; at > n {
			return s[:i] + "…"
		}
	}
	return s
}

// because is the author's reason behind a message; "" for none.
func because(reason string) string {
	if reason = oneLine(reason); reason == "" {
		return ""
	}
	return " (" + reason + ")"
}
