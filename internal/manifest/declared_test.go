package manifest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParamsIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.yaml")
	text := "params:\n  country: &c {default: US, enum: [US, DE, 1], description: Storefront}\n  again: *c\n  odd: 3\n  plain:\ntasks: [\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	enum := []string{"US", "DE", "1"}
	want := []DeclaredParam{{"country", "Storefront", enum}, {"again", "Storefront", enum}, {"odd", "", nil}, {"plain", "", nil}}
	if diff := cmp.Diff(want, ParamsIn(path, Options{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, wrong := range []string{"params: [a]", "- params: {a: {}}", "tasks: []", ""} {
		if err := os.WriteFile(path, []byte(wrong), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := ParamsIn(path, Options{}); got != nil {
			t.Errorf("%q: got %v, want none", wrong, got)
		}
	}
	if got := ParamsIn(path+"x", Options{}); got != nil {
		t.Errorf("no file: got %v, want none", got)
	}
}

func TestServiceIn(t *testing.T) {
	for text, want := range map[string]DeclaredService{
		"provider: browserbase": {},
		"tasks: []":             {},
		"provider: {kind: browserbase, baseURL: https://a.example}":   {Named: true},
		"provider:\n  apiKey: \"${{ secrets.OTHER_KEY }}\"\ntasks: [": {KeySecret: "OTHER_KEY"},
		"provider: {apiKey: \"${{secrets.K}}\", baseURL: \"\"}":       {KeySecret: "K"},
		"provider: {apiKey: '${{ secrets[\"K\"] }}'}":                 {KeySecret: "K"},
		"provider: {apiKey: \"x${{ secrets.K }}\"}":                   {},
		"provider: [apiKey]": {},
	} {
		if got := ServiceIn([]byte(text)); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}

func TestKeysIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "params.yaml")
	for text, want := range map[string][]string{
		"a: 1\nb: {c: 2}\n": {"a", "b"}, `{"x": [1], "y": null}`: {"x", "y"}, "- a": nil, "": nil, "a: [": nil,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, KeysIn(path)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if got := KeysIn(path + "x"); got != nil {
		t.Errorf("no file: got %v, want none", got)
	}
}
