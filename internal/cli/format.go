package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/report"
)

// plural prints "1 task", "1,204 tasks".
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return report.Count(n) + " " + noun
}

// clock prints the local time of day of a moment, with its date if it was not
// today.
func clock(t time.Time) string {
	t = t.Local()
	if t.Format(time.DateOnly) == time.Now().Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

func join(names []string) string { return strings.Join(names, ", ") }

// again is the command line that continues what this one began: the same one
// without --new, which would begin afresh.
func again(args []string) string {
	words := []string{"bbbatch"}
	for _, arg := range args {
		if isNew(arg) {
			continue
		}
		words = append(words, shellWord(arg))
	}
	return strings.Join(words, " ")
}

// againKeeping is as again, where the environment says --new: a variable can only
// be overruled.
func againKeeping(sys Sys, args []string) string {
	if fresh, err := strconv.ParseBool(sys.Getenv(variableOf("new"))); err != nil || !fresh {
		return again(args)
	}
	after := slices.Index(args, "apply") + 1
	return again(args[:after]) + " --new=false" + strings.TrimPrefix(again(args[after:]), "bbbatch")
}

// isNew reports whether an argument is the flag --new.
func isNew(arg string) bool { return arg == "--new" || strings.HasPrefix(arg, "--new=") }

// shellWord writes an argument as a shell takes it.
func shellWord(arg string) string {
	if arg == "" || strings.ContainsFunc(arg, needsQuotes) {
		return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
	}
	return arg
}

// shellWords takes a line of such words apart.
func shellWords(line string) (words []string, err error) {
	for line != "" {
		var word strings.Builder
		for line != "" && line[0] != ' ' {
			switch line[0] {
			case '\'':
				inside, rest, ok := strings.Cut(line[1:], "'")
				if !ok {
					return nil, fmt.Errorf("%q: a quote has no end", line)
				}
				word.WriteString(inside)
				line = rest
			case '\\':
				if len(line) < 2 {
					return nil, fmt.Errorf("%q: nothing follows the \\", line)
				}
				word.WriteByte(line[1])
				line = line[2:]
			default:
				word.WriteByte(line[0])
				line = line[1:]
			}
		}
		words = append(words, word.String())
		line = strings.TrimLeft(line, " ")
	}
	return words, nil
}

// needsQuotes reports whether a shell would do something with the character.
func needsQuotes(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./:,@%", r)
}
