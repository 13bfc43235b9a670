package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The file of --env-file is read as a shell would, but nothing is expanded.
func TestEnvFile(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       map[string]string
	}{
		{"empty", "", map[string]string{}},
		{"plain", "A=1\nB=two words\n", map[string]string{"A": "1", "B": "two words"}},
		{"no value", "A=\nB=''\nC=\"\"\n", map[string]string{"A": "", "B": "", "C": ""}},
		{"comments", "# A=1\n\nB=1 # one\nC=a#b\nD=# none\nE=\"x\" # y\n", map[string]string{"B": "1", "C": "a#b", "D": "", "E": "x"}},
		{"blanks", "  A =  1  \n\texport\tB=2\n", map[string]string{"A": "1", "B": "2"}},
		{"export alone", "export=1\nexported=2\n", map[string]string{"export": "1", "exported": "2"}},
		{"a dollar", "A=pa$$w0rd${X}\nB=\"$HOME\"\nC='$HOME'\nD=\"\\$x\"\n", map[string]string{"A": "pa$$w0rd${X}", "B": "$HOME", "C": "$HOME", "D": "$x"}},
		{"escapes", `A="a\n\t\"\\\x"` + "\n" + `B='a\n"'` + "\nC=a\\n\n", map[string]string{"A": "a\n\t\"\\\\x", "B": `a\n"`, "C": `a\n`}},
		{"equals", "A=b=c\nURL=https://h/?a=1&b=2\n", map[string]string{"A": "b=c", "URL": "https://h/?a=1&b=2"}},
		{"the last wins", "A=1\nA=2\n", map[string]string{"A": "2"}},
		{"windows", "\ufeffA=1\r\nB='2'\r\n", map[string]string{"A": "1", "B": "2"}},
		{"quotes within", "A=it's\nB=say \"x\"\n", map[string]string{"A": "it's", "B": `say "x"`}},
	} {
		got, err := parseEnvFile(c.text)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, err, diff)
		}
	}
}

func TestEnvFileErrorsShowNoValue(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"A=1\nhunter2", "2: there is no ="},
		{"hunter2=", ""}, // a name for all we know
		{"hunter-2=hunter2", "1: what stands before the = is not the name of a variable"},
		{"=hunter2", "1: what stands before the = is not the name of a variable"},
		{"export =hunter2", "1: what stands before the = is not the name of a variable"},
		{"\n\nA='hunter2", "3: A: the closing ' is missing; a value ends on its line"},
		{`A="hunter2\"`, `1: A: the closing " is missing; a value ends on its line`},
		{`A="hunter2"hunter3`, `1: A: something follows the closing "`},
		{"A=\"hunter2\nhunter3\"\n", `1: A: the closing " is missing; a value ends on its line`},
	} {
		_, err := parseEnvFile(c.text)
		if c.want == "" && err == nil {
			continue
		}
		if err == nil || err.Error() != c.want || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
}
