//go:build !windows

package ledger

import "syscall"

// What systems say when there is no room, or the user has used up his share.
const (
	errNoRoom = syscall.ENOSPC
	errQuota  = syscall.EDQUOT
)
