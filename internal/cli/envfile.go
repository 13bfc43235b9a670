package cli

import (
	"fmt"
	"regexp"
	"strings"
)

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// parseEnvFile reads lines of NAME=value, as docker, make and systemd know
// them. "export " before the name, blank lines and # comments are fine. A value
// in single quotes is taken as it is; in double quotes \n, \r, \t, \", \\ and \$
// are what they are in a shell; without quotes it ends at " #" and loses the
// blanks around it. A $ is a dollar: nothing is expanded, since a password may
// hold one. The last of two equal names wins.
//
// Errors begin with the line's number and never show a value.
func parseEnvFile(text string) (map[string]string, error) {
	values := make(map[string]string)
	text = strings.TrimPrefix(text, "\ufeff")
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if rest, ok := strings.CutPrefix(line, "export"); ok && strings.TrimLeft(rest, " \t") != rest {
			line = strings.TrimLeft(rest, " \t")
		}
		name, value, found := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !found {
			return nil, fmt.Errorf("%d: there is no =", i+1)
		}
		if !envName.MatchString(name) {
			return nil, fmt.Errorf("%d: what stands before the = is not the name of a variable", i+1)
		}
		value, err := envValue(strings.TrimSpace(value))
		if err != nil {
			return nil, fmt.Errorf("%d: %s: %w", i+1, name, err)
		}
		values[name] = value
	}
	return values, nil
}

func envValue(s string) (string, error) {
	if s == "" || s[0] != '\'' && s[0] != '"' {
		if s != "" && s[0] == '#' {
			return "", nil
		}
		for i := 1; i < len(s); i++ {
			if s[i] == '#' && (s[i-1] == ' ' || s[i-1] == '\t') {
				return strings.TrimSpace(s[:i]), nil
			}
		}
		return s, nil
	}
	quote := s[0]
	var value strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == quote:
			rest := strings.TrimSpace(s[i+1:])
			if rest != "" && rest[0] != '#' {
				return "", fmt.Errorf("something follows the closing %c", quote)
			}
			return value.String(), nil
		case s[i] == '\\' && quote == '"' && i+1 < len(s):
			i++
			switch s[i] {
			case 'n':
				value.WriteByte('\n')
			case 'r':
				value.WriteByte('\r')
			case 't':
				value.WriteByte('\t')
			case '"', '\\', '$':
				value.WriteByte(s[i])
			default:
				value.WriteString(s[i-1 : i+1])
			}
		default:
			value.WriteByte(s[i])
		}
	}
	return "", fmt.Errorf("the closing %c is missing; a value ends on its line", quote)
}
