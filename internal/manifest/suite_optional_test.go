package manifest_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// whyNot says of the optional files of the suite, by their path below
// optional, why not every case of them holds.
var whyNot = map[string]string{
	"content.json":                 "contentEncoding and contentMediaType are notes; drafts since 2019-09 forbid to assert them",
	"ecmascript-regex.json":        "patterns are RE2: no \\c, and \\s is ASCII's white space",
	"format-assertion.json":        "needs metaschemas of the suite's own; an unknown $schema is an error here",
	"format/duration.json":         "P1Y2D and PT1H2S are taken",
	"format/ecmascript-regex.json": "patterns are RE2: \\a, (?P<n>) and (?i) are, look-behind, back-references, [] and \\c are not",
	"format/email.json":            "an empty local part is taken",
	"format/hostname.json":         "a dot at the end is taken; punycode is not decoded",
	"format/idn-email.json":        "not checked: an unknown format, of which a warning tells",
	"format/idn-hostname.json":     "not checked: an unknown format, of which a warning tells",
	"format/ipv4.json":             "a plus sign is taken",
	"format/iri.json":              "an address [V1.fe] with a capital V is refused",
	"format/uri-reference.json":    "quotes, brackets, @ and letters beyond ASCII are taken, as browsers do",
	"format/uri-template.json":     "operators are refused, and what stands in braces is hardly looked at",
	"format/uri.json":              "characters that should be percent-encoded are taken, as browsers do",
	"zeroTerminatedFloats.json":    "1.0 is an integer, as in every later draft",
}

// What is optional in the official suite holds as testdata/suite-optional.txt
// lists it: the list is rewritten by -update, and its difference read.
func TestOptionalSuiteByManifest(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	dir := suite(t)
	folder := suiteFolder(t, dir)
	var list strings.Builder
	fmt.Fprintf(&list, "%-56s %5s %5s  %s\n", "file", "holds", "not", "why")
	used := map[string]bool{}
	for _, d := range drafts {
		below := filepath.Join(dir, "tests", d.folder, "optional")
		for _, path := range jsonFiles(t, below) {
			name, err := filepath.Rel(below, path)
			if err != nil {
				t.Fatal(err)
			}
			name = filepath.ToSlash(name)
			holds, not := 0, 0
			for i, g := range groupsOf(t, path) {
				broken := map[string]bool{}
				for _, v := range g.judge(t, folder, d.uri, i) {
					if v.fits != v.want || v.unloaded {
						broken[v.test] = true
						t.Logf("%s: %s: %s: %s: got fits %v, want %v: %s", name, g.Description, v.test, v.form, v.fits, v.want, v.detail)
					}
				}
				not += len(broken)
				holds += len(g.Tests) - len(broken)
			}
			why := ""
			if not > 0 {
				if why = whyNot[name]; why == "" {
					t.Errorf("%s/optional/%s: %d cases do not hold, and no reason is given", d.folder, name, not)
				}
				used[name] = true
			}
			list.WriteString(strings.TrimRight(fmt.Sprintf("%-56s %5d %5d  %s", d.folder+"/"+name, holds, not, why), " ") + "\n")
		}
	}
	for name := range whyNot {
		if !used[name] {
			t.Errorf("the reason for %s is not needed", name)
		}
	}
	golden(t, filepath.Join("testdata", "suite-optional.txt"), list.String())
}

func jsonFiles(t *testing.T, below string) (paths []string) {
	err := filepath.WalkDir(below, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".json" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) < 5 {
		t.Fatalf("%s: got %d files, want more; %v", below, len(paths), err)
	}
	slices.Sort(paths)
	return paths
}

// golden compares text with a file, or rewrites that with -update.
func golden(t *testing.T, path, got string) {
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}
