package ledger

import "golang.org/x/sys/windows"

// What systems say when there is no room.
const (
	errNoRoom = windows.ERROR_DISK_FULL
	errQuota  = windows.ERROR_HANDLE_DISK_FULL
)
