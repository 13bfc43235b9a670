package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/report"
)

// declared are the reports that the manifest of a batch declares, as the ledger
// has it, where apply wrote them.
func (b *foundBatch) declared(info batch.Info) ([]output, error) {
	dir := filepath.Dir(info.ManifestPath)
	if found := b.manifests(info); len(found) > 0 {
		dir = filepath.Dir(found[0])
	}
	given, err := paramTexts(info.Params)
	if len(info.Params) > 0 && err != nil {
		return nil, fmt.Errorf("the stored parameters of the batch: %w", err)
	}
	reports, err := manifest.ReportsIn(info.Manifest, info.ManifestPath, dir, manifest.Options{Params: given, Env: b.lookup})
	if err != nil {
		return nil, fmt.Errorf("the stored manifest of the batch: %w", err)
	}
	var outs []output
	for i, r := range reports {
		path, err := r.PathFor(info.ID, info.OpenedAt)
		if err != nil {
			return nil, err
		}
		outs = append(outs, output{report.Output{Format: report.Format(r.Format), Path: path, Options: reportOptions(r)}, &reports[i]})
	}
	return outs, nil
}

// again are the outputs that the command line asks for. A path that the manifest
// declares has what is declared there, unless another format is written before it.
// Standard output always has the whole.
func (f *reportFlags) again(sys Sys, b *foundBatch, info batch.Info) ([]output, error) {
	if f.declared {
		outs, err := b.declared(info)
		if err == nil && len(outs) == 0 {
			err = usage(fmt.Errorf("the manifest of batch %s declares no reports", titled(info)), "-o PATH writes one")
		}
		return outs, err
	}
	outs, err := parseOutputs(&applyFlags{outputs: f.outputs}, &manifest.Manifest{})
	if len(f.outputs) == 0 {
		return outs, err
	}
	declared, wrong := b.declared(info)
	if wrong != nil {
		say(sys.Stderr, "bbbatch: warning: which reports the manifest declares is not known: "+wrong.Error(), "")
	}
	words := make([]string, len(f.outputs))
	known := map[string]output{}
	for i, word := range f.outputs {
		words[i] = word
		d, ok := declaredAt(declared, word)
		if !ok {
			continue
		}
		words[i] = string(d.Format) + ":" + d.Path
		known[words[i]] = d
	}
	if outs, err = parseOutputs(&applyFlags{outputs: words}, &manifest.Manifest{}); err != nil {
		return nil, err
	}
	for i := range outs {
		if d, ok := known[words[i]]; ok {
			outs[i].Options = d.Options
			say(sys.Stderr, d.Path+": as the manifest declares it", "")
		}
	}
	return outs, nil
}

// declaredAt finds what is declared at the path of an -o.
func declaredAt(declared []output, word string) (output, bool) {
	path, format := word, report.Format("")
	if o, err := report.ParseOutput(word); err == nil && o.Path != word {
		path, format = o.Path, o.Format
	}
	if path == report.Stdout {
		return output{}, false
	}
	at := placeOfFile(path)
	for _, d := range declared {
		if d.Path != report.Stdout && placeOfFile(d.Path) == at {
			return d, format == "" || format == d.Format
		}
	}
	return output{}, false
}

var errDeclaredAndOutput = usage(errors.New("--declared and --output: one or the other"), "")
