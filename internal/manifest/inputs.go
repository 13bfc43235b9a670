package manifest

import (
	"maps"
	"path/filepath"
	"slices"
)

// Inputs returns the absolute paths of the files that the manifest was made
// of, each once: itself, unless it was standard input, then the data files of
// its tasks in their order, the file of parameters, the baseline's file, then the
// schema files, sorted. A report that is written to one of them would destroy what
// the batch is read from or compared with.
func (m *Manifest) Inputs() []string { return slices.Clone(m.inputs) }

// inputs lists what has been read by the end of the first pass.
func (l *loader) inputs(o Options) []string {
	var out []string
	seen := map[string]bool{}
	add := func(path string) {
		// Without a working directory a path is the best name there is.
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute
		}
		if !seen[path] {
			seen[path] = true
			out = append(out, path)
		}
	}
	if l.m.File != "-" {
		add(l.m.File)
	}
	for _, e := range l.m.entries {
		if e.data != nil && e.data.name() != "" && e.data.name() != standardInput {
			add(e.data.name())
		}
	}
	if o.ParamsFile != "" {
		add(o.ParamsFile)
	}
	if b := l.m.Baseline; b != nil && isReportPath(b.From) {
		add(b.From)
	}
	for _, name := range slices.Sorted(maps.Keys(l.files)) {
		add(l.resolve(name))
	}
	return out
}
