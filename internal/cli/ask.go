package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// ask has a person agree to what a command is about to do. Where nobody can be
// asked, only --yes agrees: the error says so, in the words of what.
func ask(sys Sys, yes bool, what string) error {
	switch {
	case yes:
		return nil
	case !asksPerson(sys):
		return usage(errors.New(what+": nobody is there to agree"), "--yes agrees")
	}
	if _, err := fmt.Fprintf(sys.Stderr, "%s: go on? [y/N] ", what); err != nil {
		return err
	}
	answer, err := bufio.NewReader(sys.Stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return usage(errors.New("not agreed: nothing was done"), "")
}

// asksPerson reports whether a question would be seen and can be answered.
func asksPerson(sys Sys) bool {
	in, ok := sys.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) || sys.Terminal == nil {
		return false
	}
	_, seen := sys.Terminal()
	return seen
}
