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

// sparesLedger refuses a report that would replace what the ledger is made of,
// links followed. Other paths in the state folder are fine.
func sparesLedger(path, state string) error {
	if path == report.Stdout {
		return nil
	}
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
			return usage(fmt.Errorf("report %s: is the ledger's own file or folder", path), "-o PATH writes it elsewhere")
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
	for {
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, os.ErrNotExist) || path == filepath.Dir(path) {
			return "", err
		}
		path, rest = filepath.Dir(path), filepath.Join(filepath.Base(path), rest)
	}
}
