package cli

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bbbatch/bbbatch/internal/manifest"
)

// starter is a small batch with its data and its pages, as init writes it.
//
//go:embed starter
var starter embed.FS

// The manifest that init writes, and its schema for editors, which its first
// line names.
const (
	starterManifest = "tasks.yaml"
	starterSchema   = "bbbatch.schema.json"
)

func newInit(sys Sys) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a first manifest, with data and pages that it runs on",
		Long: `Write a small commented manifest into DIR, or here: tasks.yaml with its data, a
folder of pages to try it on without a key or an account, and the schema with
which an editor completes and explains its keys. The state folder gets a line in
.gitignore.

Nothing is overwritten: when one of the files exists, none is written.

Exit codes:
  0    the files are written
  2    a file exists, or one can't be written`,
		Example: `  bbbatch init
  bbbatch init prices`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return writeStarter(sys, ".")
			case len(args) > 1:
				return usage(fmt.Errorf("init: one folder at a time, not %d: %s", len(args), strings.Join(args, " ")), "quote a name with blanks")
			case args[0] == "":
				return usage(errors.New("init: DIR is empty"), "bbbatch init [DIR]")
			}
			return writeStarter(sys, args[0])
		},
	}
}

// A starterFile is one file that init writes; path is below DIR, with slashes.
type starterFile struct {
	path string
	text []byte
}

// starterFiles lists them; the manifest, which needs the others, comes last.
func starterFiles() ([]starterFile, error) {
	var files []starterFile
	var last starterFile
	err := fs.WalkDir(starter, "starter", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := starter.ReadFile(name)
		file := starterFile{strings.TrimPrefix(name, "starter/"), text}
		if file.path == starterManifest {
			last = file
			return err
		}
		files = append(files, file)
		return err
	})
	return append(files, starterFile{starterSchema, manifest.Schema()}, last), err
}

func writeStarter(sys Sys, dir string) error {
	files, err := starterFiles()
	if err != nil {
		return err
	}
	if err := starterFits(dir, files); err != nil {
		return err
	}
	var written []string
	failed := func(err error) error {
		hint := "nothing was written"
		if len(written) > 0 {
			hint = "written before that: " + join(written) + "; remove them before you try again"
		}
		return usage(fmt.Errorf("init: %w", err), hint)
	}
	for _, f := range files {
		path := below(dir, f.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return failed(err)
		}
		if err := writeNew(path, f.text); err != nil {
			return failed(err)
		}
		written = append(written, path)
	}
	ignore := below(dir, ".gitignore")
	ignored, err := ignoreState(ignore)
	if err != nil {
		say(sys.Stderr, "bbbatch: warning: "+err.Error(), "keep "+stateFolder+"/ out of version control yourself")
	} else if ignored {
		written = append(written, ignore+" (a line for "+stateFolder+"/, the state)")
	}
	for _, path := range written {
		say(sys.Stderr, "wrote "+path, "")
	}
	say(sys.Stderr, "next: "+again([]string{"apply", argument(below(dir, starterManifest)), "--local"}), "")
	return nil
}

// starterFits makes sure that no file stands where one of ours would go.
func starterFits(dir string, files []starterFile) error {
	var inTheWay []string
	seen := make(map[string]bool)
	for _, f := range files {
		path := below(dir, f.path)
		folder := below(dir, filepath.Dir(f.path))
		if _, err := os.Lstat(folder); err == nil && !isFolder(folder) {
			path = folder // a file, or a link to nowhere
		}
		if _, err := os.Lstat(path); err == nil && !seen[path] {
			seen[path] = true
			inTheWay = append(inTheWay, path)
		}
	}
	switch {
	case len(inTheWay) == 0:
		return nil
	case seen[below(dir, ".")]:
		return usage(fmt.Errorf("init: %s is a file, not a folder", dir), "name a folder, which may be a new one: bbbatch init DIR")
	}
	verb := "exists"
	if len(inTheWay) > 1 {
		verb = "exist"
	}
	return usage(fmt.Errorf("init: %s %s already; nothing was written", join(inTheWay), verb), "name another folder, which may be a new one: bbbatch init DIR")
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// writeNew writes a file that must not exist, and leaves none behind that is
// not whole.
func writeNew(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(path) // the error that is told came first
	}
	return err
}

// ignoreState gives a .gitignore a line for the state folder, and reports
// whether it lacked one.
func ignoreState(path string) (bool, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return false, fmt.Errorf("%s is not a file of its own and was left as it is", path)
	}
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for line := range strings.Lines(string(before)) {
		line = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), "**"), "/")
		if strings.TrimSuffix(line, "/") == stateFolder {
			return false, nil
		}
	}
	end := "\n"
	if strings.Contains(string(before), "\r\n") {
		end = "\r\n"
	}
	text := stateFolder + "/" + end
	if len(before) > 0 && !strings.HasSuffix(string(before), "\n") {
		text = end + text
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return false, err
	}
	_, err = file.WriteString(text)
	return err == nil, errors.Join(err, file.Close())
}

// below is a path in a folder, written with slashes: every system takes them,
// and a shell leaves them alone.
func below(dir, name string) string { return filepath.ToSlash(filepath.Join(dir, name)) }

// argument is a path as a word of a command line, never like a flag.
func argument(path string) string {
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	return path
}
