package manifest

import (
	"bytes"
	"encoding/json"
)

// A parser reads a text that is known to be valid JSON into the values that expressions see:
// numbers with their exact text. It is made for a million small objects, of which
// encoding/json's tokens would take most of the time.
type parser struct {
	text  []byte
	at    int
	twice *string // the first key that an object has for the second time
}

// next passes over white space, commas and colons, and returns what follows.
func (p *parser) next() byte {
	for {
		switch c := p.text[p.at]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
			p.at++
		default:
			return c
		}
	}
}

func (p *parser) value() any {
	switch p.next() {
	case '{':
		return p.object()
	case '[':
		p.at++
		out := []any{}
		for p.next() != ']' {
			out = append(out, p.value())
		}
		p.at++
		return out
	case '"':
		return p.string()
	}
	from := p.at
	for p.at < len(p.text) && bytes.IndexByte([]byte(" \t\n\r,]}"), p.text[p.at]) < 0 {
		p.at++
	}
	switch word := string(p.text[from:p.at]); word {
	case "null":
		return nil
	case "true", "false":
		return word == "true"
	default:
		return json.Number(word)
	}
}

func (p *parser) object() map[string]any {
	p.at++
	out := map[string]any{}
	for p.next() != '}' {
		key := p.string()
		if _, twice := out[key]; twice && p.twice == nil {
			p.twice = &key
		}
		out[key] = p.value()
	}
	p.at++
	return out
}

func (p *parser) string() string {
	p.next()
	from, plain := p.at, true
	for p.at++; p.text[p.at] != '"'; p.at++ {
		if p.text[p.at] == '\\' {
			plain = false
			p.at++
		}
	}
	p.at++
	if plain {
		return string(p.text[from+1 : p.at-1])
	}
	var out string
	_ = json.Unmarshal(p.text[from:p.at], &out) // it is valid
	return out
}
