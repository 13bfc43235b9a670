package ledger

import "golang.org/x/sys/unix"

// networkOf names the network file system that a path is on, "" for any other.
func networkOf(path string) string {
	var s unix.Statfs_t
	if unix.Statfs(path, &s) != nil || s.Flags&unix.MNT_LOCAL != 0 {
		return ""
	}
	return unix.ByteSliceToString(s.Fstypename[:])
}
