package ledger

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Network file systems are known by the kernel's number for them, and behind
// FUSE by the name of who serves them; local ones are not refused.
func TestNetworkFileSystems(t *testing.T) {
	for number, want := range map[uint32]string{
		unix.NFS_SUPER_MAGIC: "nfs", unix.CIFS_SUPER_MAGIC: "cifs", unix.SMB2_SUPER_MAGIC: "smb", unix.CEPH_SUPER_MAGIC: "ceph",
		unix.EXT4_SUPER_MAGIC: "", unix.XFS_SUPER_MAGIC: "", unix.BTRFS_SUPER_MAGIC: "", unix.TMPFS_MAGIC: "", unix.OVERLAYFS_SUPER_MAGIC: "",
	} {
		if got := networkKinds[number]; got != want {
			t.Errorf("%#x: got %q, want %q", number, got, want)
		}
	}
	const line = "36 35 0:52 / /home/me/remote rw,nosuid,nodev,relatime shared:1 - fuse.sshfs me@host:/home rw,user_id=1000"
	kind, ok := kindOfMount(line, "0:52")
	if !ok || kind != "fuse.sshfs" {
		t.Errorf("got %q, %v, want fuse.sshfs", kind, ok)
	}
	for _, other := range []string{"0:5", "36:35", ""} {
		if kind, ok := kindOfMount(line, other); ok {
			t.Errorf("device %q: got %q, want none", other, kind)
		}
	}
	for _, cut := range []string{"", "36", "36 35 0:52", "36 35 0:52 -"} {
		if kind, ok := kindOfMount(cut, "0:52"); ok {
			t.Errorf("%q: got %q, want none", cut, kind)
		}
	}
	for kind, want := range map[string]string{
		"fuse.sshfs": "fuse.sshfs", "fuse.gcsfuse": "fuse.gcsfuse", "fuse.rclone": "fuse.rclone",
		"fuseblk": "", "fuse": "", "virtiofs": "", "fuse.fuse-overlayfs": "", "fuse.mergerfs": "", "": "",
	} {
		if got := networkDaemon(kind); got != want {
			t.Errorf("%q: got %q, want %q", kind, got, want)
		}
	}
	if mountedAs("/proc/self") != "proc" {
		t.Errorf("/proc: got %q, want proc", mountedAs("/proc/self"))
	}
}
