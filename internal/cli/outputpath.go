package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/bbbatch/bbbatch/internal/ledger"
	"github.com/bbbatch/bbbatch/report"
)

// checkPath refuses a report's path that would look like another in a listing.
func checkPath(path string) error {
	if strings.ContainsFunc(path, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
		return wrongFlag("output", fmt.Errorf("%q: a path must not hold control characters", path), "")
	}
	return nil
}

// checkPlaces refuses reports that would go where something else is or goes:
// another report or its partial, the file of events, or what the ledger or the
// batch is made of.
func checkPlaces(outs []output, state, events string, inputs []string) error {
	if events == report.Stdout {
		events = ""
	}
	if events != "" {
		if err := sparesLedger("--events", events, state, "--events FILE names another file"); err != nil {
			return err
		}
		events = placeOfFile(events)
	}
	seen := make(map[string]bool)
	for _, o := range outs {
		if o.Path == report.Stdout {
			continue
		}
		const hint = "give each a path of its own"
		file, partial := placeOfFile(o.Path), placeOfFile(report.PartialName(o.Path))
		if seen[file] || seen[partial] {
			return usage(fmt.Errorf("%s: two reports go to the same file, or one where the other's partial goes", o.Path), hint)
		}
		if events != "" && (file == events || partial == events) {
			return usage(fmt.Errorf("%s: a report and --events go to the same file", o.Path), hint)
		}
		seen[file], seen[partial] = true, true
		if err := sparesLedger("report", o.Path, state, "-o PATH writes it elsewhere"); err != nil {
			return err
		}
		if in := firstOf(inputAt(inputs, file), inputAt(inputs, partial)); in != "" {
			return usage(fmt.Errorf("%s: a report would replace %s, which the batch is made of", o.Path, in), "give the report a path of its own")
		}
		if holdsEvents(file) || holdsEvents(partial) {
			return usage(fmt.Errorf("%s: a report would replace a file of events", o.Path), "give the report a path of its own")
		}
	}
	return nil
}

// placeOfFile is the file that a path leads to, links followed as far as that
// can be done.
func placeOfFile(path string) string {
	if file, err := followed(path); err == nil {
		return file
	}
	if file, err := filepath.Abs(path); err == nil {
		return file
	}
	return filepath.Clean(path)
}

// inputAt returns the one of a batch's inputs which a path leads to, links
// followed, or "".
func inputAt(inputs []string, path string) string {
	target, err := os.Stat(path)
	if err != nil {
		return "" // nothing is there that could be replaced
	}
	for _, in := range inputs {
		if info, err := os.Stat(in); err == nil && os.SameFile(target, info) {
			return in
		}
	}
	return ""
}

// sparesLedger refuses a path, which what names, to what the ledger is made of,
// links followed. Other paths in the state folder are fine.
func sparesLedger(what, path, state, hint string) error {
	folder, err := os.Stat(state)
	if err != nil {
		return nil // what is not there holds nothing
	}
	real, err := followed(path)
	if err != nil {
		return nil // it can't be written either, which is told elsewhere
	}
	inside := filepath.Base(real)
	for dir := filepath.Dir(real); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && os.SameFile(info, folder) {
			if !ledger.Owns(inside) {
				return nil
			}
			return usage(fmt.Errorf("%s %s: is the ledger's own file or folder", what, path), hint)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
		inside = filepath.Join(filepath.Base(dir), inside)
	}
}

// followed returns the absolute path that a path leads to, where not all of it
// need be there yet.
func followed(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for range 1000 { // links to what is not there may lead in circles
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, os.ErrNotExist) || path == filepath.Dir(path) {
			return "", err
		}
		if link, e := os.Readlink(path); e == nil { // to what is not there yet
			if !filepath.IsAbs(link) {
				dir, err := filepath.EvalSymlinks(filepath.Dir(path))
				if err != nil {
					return "", err
				}
				link = filepath.Join(dir, link)
			}
			path = link
			continue
		}
		path, rest = filepath.Dir(path), filepath.Join(filepath.Base(path), rest)
	}
	return "", fmt.Errorf("%s: too many symbolic links", path)
}
