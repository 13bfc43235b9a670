package manifest

import (
	"net/url"
	"os"
	"path/filepath"
)

// sites reads local.sites: origins, and the folders that stand for them.
func (l *loader) sites(n *node) map[string]string {
	n = l.goodMap(n)
	if n == nil {
		return nil
	}
	out := make(map[string]string, len(n.fields))
	for _, f := range n.fields {
		if l.good(f.value) == nil || l.forbid(f.value) {
			continue
		}
		u, err := url.Parse(f.key)
		if err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme+"://"+u.Host != f.key {
			l.ps.add(Problem{
				File: n.doc.name, Line: f.line, Column: f.column, Path: n.path(),
				Message: quote(f.key) + " is not an origin such as https://books.example",
			})
			continue
		}
		folder, err := filepath.Abs(l.resolve(f.value.text))
		if err != nil {
			l.ps.wrong(f.value, "%v", err)
			continue
		}
		switch info, err := os.Stat(folder); {
		case err != nil:
			l.ps.wrong(f.value, "%s", fileError(f.value.text, err))
		case !info.IsDir():
			l.ps.wrong(f.value, "%s is a file, not a folder", quote(f.value.text))
		default:
			out[f.key] = folder
		}
	}
	return out
}
