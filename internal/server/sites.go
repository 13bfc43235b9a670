package server

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
)

// sites are folders that answer for origins.
type sites map[string]string

func newSites(given map[string]string) sites {
	s := sites{}
	for o, folder := range given {
		if u, err := url.Parse(o); err == nil {
			o = origin(u)
		}
		s[o] = folder
	}
	return s
}

func (s sites) folder(u *url.URL) (string, bool) {
	folder, ok := s[origin(u)]
	return folder, ok
}

// origin is scheme, host and port in one spelling, the default port left out.
func origin(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + strings.TrimSuffix(host, ".")
}

// openSite answers for an address from a folder: /p/x is the file x, x.html or
// x/index.html there. Files outside the folder do not exist, by whatever links
// or dots they are named; neither do files that are not regular.
func openSite(folder string, address *url.URL) *http.Response {
	text, name, err := siteFile(folder, address.Path)
	res := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(text))}
	switch {
	case errors.Is(err, errNoFolder):
		res.StatusCode = http.StatusBadGateway
	case err != nil:
		res.StatusCode = http.StatusNotFound
	}
	res.Header.Set("Content-Type", siteType(name))
	return res
}

var errNoFolder = errors.New("the site's folder can't be opened")

func siteFile(folder, where string) ([]byte, string, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, "", errNoFolder
	}
	defer func() { _ = root.Close() }()
	if strings.ContainsAny(where, "\\\x00") {
		return nil, "", fs.ErrNotExist
	}
	name := strings.TrimPrefix(path.Clean("/"+where), "/")
	tries := []string{name, name + ".html", path.Join(name, "index.html")}
	if name == "" || strings.HasSuffix(where, "/") {
		tries = []string{path.Join(name, "index.html")}
	}
	for _, try := range tries {
		// The kind is asked before the file is opened: to open a pipe would wait.
		if info, err := root.Stat(try); err != nil || !info.Mode().IsRegular() {
			continue
		}
		f, err := root.Open(try)
		if err != nil {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(f, maxPageBytes))
		_ = f.Close()
		return text, try, err
	}
	return nil, "", fs.ErrNotExist
}

// siteType does not ask the machine's own table of types, so that a site reads
// the same everywhere.
func siteType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm", ".xhtml", "":
		return "text/html"
	case ".txt":
		return "text/plain"
	case ".json":
		return "application/json"
	}
	return "application/octet-stream"
}
