package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"

	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/manifest"
)

// inputs lists the files that a batch is made of, as far as they can still be
// told: its manifest, and what that names if it still loads. apply may have run
// in another folder, so every file that may be the manifest counts as one.
func (b *foundBatch) inputs(info batch.Info) []string {
	if info.ManifestPath == "-" {
		return b.inputsOf("-", manifest.Options{Stdin: bytes.NewReader(info.Manifest), Dir: "."}, info)
	}
	var all []string
	for _, path := range b.manifests(info) {
		all = append(all, path)
		all = append(all, b.inputsOf(path, manifest.Options{}, info)...)
	}
	return all
}

// inputsOf reads a manifest with the parameters of its batch. Rows of standard
// input are no file that could be replaced: none are read.
func (b *foundBatch) inputsOf(path string, o manifest.Options, info batch.Info) []string {
	o.Env = b.lookup
	if err := (&paramFlags{stored: info.Params}).into(&o, path); err != nil {
		return nil
	}
	if path != "-" {
		none := newRows(Sys{Stdin: bytes.NewReader(nil)})
		defer none.remove()
		o.Rows = none.spool
	}
	m, err := manifest.Load(path, o)
	if err != nil {
		return nil
	}
	return m.Inputs()
}

// manifests lists the files that may be a batch's manifest: the one that the
// command line names, what the path that apply was given means here, and the
// file of that name beside the ledger.
func (b *foundBatch) manifests(info batch.Info) []string {
	if info.ManifestPath == "-" {
		return nil
	}
	var paths []string
	for _, path := range []string{b.file, info.ManifestPath, filepath.Join(filepath.Dir(b.state), filepath.Base(info.ManifestPath))} {
		if isRegular(path) {
			paths = append(paths, path)
		}
	}
	return paths
}

// manifest returns the file that has a batch's manifest as it was, or "".
func (b *foundBatch) manifest(info batch.Info) string {
	for _, path := range b.manifests(info) {
		if hasText(path, info.Manifest) {
			return path
		}
	}
	return ""
}

func hasText(path string, text []byte) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // it was only read
	got, err := io.ReadAll(io.LimitReader(file, int64(len(text))+1))
	return err == nil && bytes.Equal(got, text)
}
