package ledger

import "golang.org/x/sys/windows"

// networkOf says that a path is on a drive of another machine, "" for any other.
func networkOf(path string) string {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return ""
	}
	volume := make([]uint16, len(path)+windows.MAX_PATH)
	if windows.GetVolumePathName(name, &volume[0], uint32(len(volume))) != nil {
		return ""
	}
	if windows.GetDriveType(&volume[0]) != windows.DRIVE_REMOTE {
		return ""
	}
	return "a remote drive"
}
