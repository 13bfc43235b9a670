//go:build !unix

package proc

import "os/exec"

// asGroup leaves a program as it is: a cancel kills it alone.
func asGroup(*exec.Cmd) {}
