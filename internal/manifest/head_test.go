package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestTheNameIsReadOfAnyManifest(t *testing.T) {
	for text, want := range map[string]string{
		"version: 1\nname: prices\ntasks: []\n":                               "prices",
		`{"version": 1, "name": "prices"}`:                                    "prices",
		"\ufeffname: 'prices' # all\r\ntasks:\r\n  - {id: \r\n":               "prices",
		"description: \"a\n  name: b\"\nname: prices":                         "prices",
		"version: 1\ntasks: [{forEach: nosuch.csv, id: '${{ ', name: other}]": "my-tasks",
		"tasks:\n  - name: other\n":                                           "my-tasks",
		"tasks: [":                                                            "my-tasks",
		"":                                                                    "my-tasks",
		"name: [a]":                                                           "my-tasks",
		"name: [a":                                                            "my-tasks",
	} {
		path := filepath.Join(t.TempDir(), "my tasks.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := NameIn(path, Options{}); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"a,b\n1,2\n", "- name: a\n", "\xff\xfen\x00", "\xff"} {
		path := filepath.Join(t.TempDir(), "tasks.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := NameIn(path, Options{}); err == nil {
			t.Errorf("%q: got %q, want an error", text, got)
		}
	}
	if _, err := NameIn(filepath.Join(t.TempDir(), "no"), Options{}); err == nil {
		t.Error("a file that is not there has a name")
	}
}

func TestTheAgeUpToWhichABatchGoesOnIsRead(t *testing.T) {
	for text, want := range map[string]string{
		"tasks: []":                       "0s true",
		"continueWithin: 1d\ntasks: []":   "24h0m0s true",
		"continueWithin: 1h30m\ntasks: [": "1h30m0s true",
		"continueWithin:\n":               "0s true",
		"continueWithin: soon":            "0s false",
		"continueWithin: [1h]":            "0s false",
		"tasks: [{continueWithin: 1h}]":   "0s true",
		"- continueWithin: 1h":            "0s false",
		"x: &x 2h\ncontinueWithin: *x":    "2h0m0s true",
	} {
		d, ok := ContinueWithinIn([]byte(text))
		if got := fmt.Sprint(d, ok); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestTheSecretsAreReadOfAnyManifest(t *testing.T) {
	for text, want := range map[string][]string{
		"secrets: [A, B, A]\ntasks: []":           {"A", "B"},
		"secrets:\n- A\n# and\n\n- B\ntasks: [":   {"A", "B"},
		"secrets:\n  - A\n  - {x: 1}\n  - &b B\n": {"A", "B"},
		"tasks: [{secrets: [C]}]":                 nil,
		"secrets: A":                              nil,
		"x: &x [A]\nsecrets: *x":                  {"A"},
		"- secrets: [A]":                          nil,
	} {
		if got := SecretsIn([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}
