package ledger

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// networkKinds are the file systems that the kernel tells apart by a number,
// as include/uapi/linux/magic.h and their own sources have it.
var networkKinds = map[uint32]string{
	unix.NFS_SUPER_MAGIC:  "nfs",
	unix.SMB_SUPER_MAGIC:  "smb",
	unix.CIFS_SUPER_MAGIC: "cifs",
	unix.SMB2_SUPER_MAGIC: "smb",
	unix.AFS_SUPER_MAGIC:  "afs",
	unix.AFS_FS_MAGIC:     "afs",
	unix.CODA_SUPER_MAGIC: "coda",
	unix.NCP_SUPER_MAGIC:  "ncp",
	unix.CEPH_SUPER_MAGIC: "ceph",
	0x0bd00bd0:            "lustre",
	0x47504653:            "gpfs",
	0x19830326:            "beegfs",
	0xaad7aaea:            "panfs",
}

// networkDaemons are programs behind FUSE whose files lie elsewhere, by the name
// that they mount under. FUSE serves local disks, too, and the folders that
// containers share with their host.
var networkDaemons = map[string]bool{
	"sshfs": true, "s3fs": true, "gcsfuse": true, "rclone": true, "goofys": true, "mount-s3": true, "mountpoint-s3": true,
	"blobfuse": true, "blobfuse2": true, "davfs": true, "davfs2": true, "curlftpfs": true, "smbnetfs": true, "gvfsd-fuse": true,
	"glusterfs": true, "ceph-fuse": true, "ceph": true, "juicefs": true, "JuiceFS": true, "moosefs": true, "mfs": true,
	"lizardfs": true, "seaweedfs": true, "google-drive-ocamlfuse": true, "onedriver": true, "hdfs": true, "afpfs": true, "nfs": true,
}

// networkOf names the network file system that a path is on, "" for any other.
func networkOf(path string) string {
	var s unix.Statfs_t
	if unix.Statfs(path, &s) != nil {
		return ""
	}
	kind := uint32(s.Type) //nolint:gosec // a number of 32 bits in a field that is wider on some machines
	if kind == unix.FUSE_SUPER_MAGIC {
		return networkDaemon(mountedAs(path))
	}
	return networkKinds[kind]
}

// networkDaemon judges the kind of a mount with FUSE, "fuse.sshfs" say.
func networkDaemon(kind string) string {
	if name, ok := strings.CutPrefix(kind, "fuse."); ok && networkDaemons[name] {
		return kind
	}
	return ""
}

// mountedAs is the kind of the mount that a path is on, as the kernel lists it;
// "" when it can't be told.
func mountedAs(path string) string {
	var s unix.Stat_t
	if unix.Stat(path, &s) != nil {
		return ""
	}
	device := fmt.Sprintf("%d:%d", unix.Major(uint64(s.Dev)), unix.Minor(uint64(s.Dev))) //nolint:unconvert // 32 bits on some machines
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	defer func() { _ = mounts.Close() }() // it was only read
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		if kind, ok := kindOfMount(lines.Text(), device); ok {
			return kind
		}
	}
	return ""
}

// kindOfMount reads a line of mountinfo: "36 35 98:0 /a /b rw,noatime master:1 -
// ext3 /dev/root rw". ok is false for another device.
func kindOfMount(line, device string) (kind string, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 3 || fields[2] != device {
		return "", false
	}
	for i, f := range fields[:len(fields)-1] {
		if f == "-" {
			return fields[i+1], true
		}
	}
	return "", false
}
