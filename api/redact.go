package api

import (
	"net/url"
	"regexp"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// secretLeast is the length in bytes from which a secret is hidden: a shorter one
// would be found in harmless text, and make it unreadable.
const secretLeast = 6

// hidden stands in an error where a secret was.
const hidden = "[secret]"

// hide replaces each secret in text, also where it is written as in a URL or
// in JSON.
func hide(text string, secrets []string) string {
	var forms []string
	for _, s := range secrets {
		if len(s) < secretLeast {
			continue
		}
		forms = append(forms, s, plainLine(s), url.QueryEscape(s), url.PathEscape(s))
		quoted := quote(s)
		forms = append(forms, string(quoted[1:len(quoted)-1]))
	}
	// The longest first, so that no secret is half hidden by a shorter one.
	sort.Slice(forms, func(i, j int) bool { return len(forms[i]) > len(forms[j]) })
	var pairs []string
	for _, f := range forms {
		if f != "" {
			pairs = append(pairs, f, hidden)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

var userinfo = regexp.MustCompile(`//\S*@`)

// hideUserinfo removes user names and passwords from addresses in a message of
// the transport's, such as a proxy's.
func hideUserinfo(text string) string { return userinfo.ReplaceAllString(text, "//"+hidden+"@") }

// plainLine makes text one line of valid UTF-8 without control characters:
// white space becomes one space, what a terminal would obey goes.
func plainLine(text string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case isControl(r):
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// isControl reports control and format characters: escapes, line ends, and
// those that turn the writing direction.
func isControl(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

// cut shortens text to limit characters.
func cut(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}
