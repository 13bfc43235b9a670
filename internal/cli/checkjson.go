package cli

import (
	"encoding/json"
	"errors"

	"github.com/bbbatch/bbbatch/internal/manifest"
)

// A checked is what check --json prints.
type checked struct {
	OK       bool      `json:"ok"`
	Tasks    int       `json:"tasks"`              // 0 when the manifest is wrong
	Selected *int      `json:"selected,omitempty"` // only with a selection
	Skipped  int       `json:"skipped,omitempty"`  // of those that are selected, else of all
	Problems []problem `json:"problems"`           // and warnings; never null
}

// A problem is one of a manifest, every member always there.
type problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Path    string `json:"path"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
	Warning bool   `json:"warning"`
}

func (c *checked) add(found []manifest.Problem) {
	for _, p := range found {
		c.Problems = append(c.Problems, problem(p))
	}
}

// checkJSON checks a manifest and prints all that is found on standard output.
// A selector that fits no task is an error of the command line, not of the
// manifest.
func checkJSON(sys Sys, f *checkFlags, path string) error {
	out := checked{Problems: []problem{}}
	m, err := f.part.read(sys, path)
	var wrong manifest.Problems
	if err != nil {
		if !errors.As(err, &wrong) {
			return orUsage(err)
		}
		out.add(wrong)
		return printChecked(sys, out, &failure{exitUsage, errTold, ""})
	}
	out.add(m.Warnings)
	if wrong := refused(sys, m); len(wrong) > 0 {
		out.add(wrong)
		return printChecked(sys, out, &failure{exitUsage, errTold, ""})
	}
	out.OK, out.Tasks = true, m.Total
	out.add(warned(sys, m))
	part, err := f.part.of(sys, m)
	if err != nil {
		return err
	}
	if f.part.given() {
		out.Selected = &part.Total
	}
	if out.Skipped, err = f.part.skipped(part); err != nil {
		return err
	}
	return printChecked(sys, out, nil)
}

// printChecked prints, and returns result unless that fails.
func printChecked(sys Sys, out checked, result error) error {
	e := json.NewEncoder(sys.stdout())
	e.SetEscapeHTML(false)
	if err := unlessGone(e.Encode(out)); err != nil {
		return err
	}
	return result
}
