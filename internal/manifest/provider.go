package manifest

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/bbbatch/bbbatch/internal/expr"
)

// provider reads where runs are bought: a name, or a map with more.
func (l *loader) provider(n *node) {
	if n = l.goodOrMap(n); n == nil {
		return
	}
	if n.kind == textual {
		l.m.Provider = n.text
		return
	}
	if kind := l.good(n.get("kind")); kind != nil {
		l.m.Provider = kind.text
	}
	l.m.BaseURL = l.baseURL(n.get("baseURL"))
	if key := l.good(n.get("apiKey")); key != nil {
		l.m.KeySecret = l.keySecret(key)
	}
	if at := n.get("baseURL"); at != nil && n.get("apiKey") == nil && l.m.Provider != "local" {
		// An address that a manifest brings along must not be sent the user's key.
		l.ps.add(at.problem("names an address, and "+serviceKey+" is not for it",
			`declare the key of that service in secrets, and name it here: apiKey: "${{ secrets.NAME }}"`))
	}
	l.resultPath = l.resultPathOf(n.get("resultPath"))
	if l.m.Provider != "local" {
		return
	}
	for _, key := range []string{"baseURL", "apiKey"} {
		if at := n.get(key); at != nil {
			l.odd(at, "does nothing: the local server runs inside this process", "remove it, or name another kind")
		}
	}
}

// goodOrMap returns n if its shape is right, or if it is a map, whatever is
// wrong within.
func (l *loader) goodOrMap(n *node) *node {
	if n != nil && n.kind == object {
		return n
	}
	return l.good(n)
}

// baseURL reads an address. It stands in the ledger, so nothing of it is secret.
func (l *loader) baseURL(n *node) string {
	if good := l.good(n); good != nil && expr.HasExpr(good.text) {
		if at := secretsWord.FindStringIndex(good.text); at != nil {
			l.at(n, at[0], "a secret must not stand in an address: it would stand in the ledger", "a key is named as apiKey: ${{ secrets.OTHER_KEY }}")
			return ""
		}
	}
	if n = l.filled(n); n == nil {
		return ""
	}
	u, err := url.Parse(n.text)
	switch {
	case err != nil || n.kind != textual || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		// What cannot be read may hold anything: it is not shown.
		l.ps.add(n.problem("is not an address such as https://api.example", "it begins with https://"))
	case u.User != nil:
		l.ps.add(n.problem("must not hold a user or a password: it stands in the ledger", "name the key as apiKey: ${{ secrets.OTHER_KEY }}"))
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(n.text, "#"):
		l.ps.add(n.problem("must not have a query or a fragment", ""))
	default:
		return strings.TrimRight(n.text, "/")
	}
	return ""
}

// keySecret returns the name of the secret that a value consists of, which the
// schema has judged.
func (l *loader) keySecret(n *node) string {
	s := scope{top: true, env: expr.Env{"secrets": {Fields: l.m.Secrets, Text: true}}, secrets: true}
	pieces, err := expr.Split(n.text)
	if err != nil || len(pieces) != 1 {
		l.ps.add(n.problem("must be one secret such as ${{ secrets.OTHER_KEY }}", ""))
		return ""
	}
	p, err := expr.Compile(pieces[0].Text, s.env)
	if err != nil {
		l.expression(n, pieces[0].Offset, err, s)
		return ""
	}
	_, name, _ := p.Path()
	return name
}

var secretsWord = regexp.MustCompile(`\bsecrets\b`)

var resultPathForm = regexp.MustCompile(`^[^.]+(\.[^.]+)*$`)

// resultPathOf reads where in an answer the result lies, as [batch.Checks] has
// it.
func (l *loader) resultPathOf(n *node) string {
	n = l.filled(n)
	switch {
	case n == nil || n.text == "auto" && n.kind == textual:
		return ""
	case n.kind > textual || n.text != "." && !resultPathForm.MatchString(n.text):
		l.ps.wrong(n, "must be auto, . for the answer itself, or names joined by dots such as data.product, not %s", n.says())
		return ""
	}
	return n.text
}
