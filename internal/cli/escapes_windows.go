package cli

import "golang.org/x/sys/windows"

// obeysEscapes makes a console obey escape sequences, which older ones do only
// when they are asked to, and reports whether it does.
func obeysEscapes(fd uintptr) bool {
	var mode uint32
	h := windows.Handle(fd)
	if err := windows.GetConsoleMode(h, &mode); err != nil {
		return false
	}
	const obey = windows.ENABLE_PROCESSED_OUTPUT | windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING
	return mode&obey == obey || windows.SetConsoleMode(h, mode|obey) == nil
}
