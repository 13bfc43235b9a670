//go:build unix

package cli

import "syscall"

const noRoom = syscall.ENOSPC
