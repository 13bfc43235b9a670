//go:build failpoints && unix

package failpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// A point is where this process ends.
type point struct {
	name string
	stop bool
	left atomic.Int64 // times that it is still to be passed, the last included
}

// armed is a variable of the package since dying is a matter of the process: to
// hand it through every layer would change the program that is tested.
var armed atomic.Pointer[point]

// Arm reads from the environment where this process is to end. It panics when
// that can't be read.
func Arm(getenv func(string) string) {
	name, times, counted := strings.Cut(getenv(Variable), ":")
	if name == "" {
		return
	}
	n := 1
	if counted {
		var err error
		if n, err = strconv.Atoi(times); err != nil || n < 1 {
			panic(fmt.Sprintf("%s: must end in a number from 1, not %q", Variable, times))
		}
	}
	p := &point{}
	p.name, p.stop = strings.CutPrefix(name, "stop@") // which leaves a name without it as it is
	p.left.Store(int64(n))
	armed.Store(p)
}

// Before says that a step is about to be taken.
func Before(step string) { pass("before-", step) }

// After says that a step was taken.
func After(step string) { pass("after-", step) }

func pass(side, step string) {
	p := armed.Load()
	if p == nil || p.name != side+step || p.left.Add(-1) != 0 {
		return
	}
	if p.stop {
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(50 * time.Millisecond) // another thread may take the signal: this one waits until it is stopped too
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // other goroutines may get a moment, this one takes no further step
}
