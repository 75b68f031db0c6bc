//go:build linux

package crashtest

import (
	"time"

	"extrato/internal/faultdisk"
)

var (
	either     = []string{"sqlite", "sqlite", "postgres"}
	sqliteOnly = []string{"sqlite"}
)

// kinds are all faults. Where the database is PostgreSQL, a disk's faults
// strike the folder of the backups alone.
var kinds = []kind{
	disk("a call fails (EIO)", writing, diskFault{hits: changes, fault: errno.io}),
	disk("all calls fail from one on (EIO)", writing, diskFault{hits: changes, fault: errno.io, stays: true}),
	disk("fsync fails (EIO)", writing, diskFault{hits: syncs, fault: errno.io}),
	disk("fsync fails from one on (EIO)", writing, diskFault{hits: syncs, fault: errno.io, stays: true}),
	disk("a read fails (EIO)", reading, diskFault{hits: isKind(faultdisk.Read, faultdisk.Open, faultdisk.List), fault: errno.io}),
	disk("the disk is full from one call on (ENOSPC)", writing, diskFault{hits: takesRoom, fault: errno.full, stays: true}),
	disk("the quota is used up for one call (EDQUOT)", writing, diskFault{hits: takesRoom, fault: errno.quota}),
	disk("a write is torn (EIO)", writing, diskFault{hits: isKind(faultdisk.Write), fault: faultdisk.Fault{Errno: errno.io.Errno, Torn: true}}),
	disk("killed at a call", writing, diskFault{hits: changes, kill: true}),
	disk("power cut", writing, diskFault{hits: changes, cut: true}),
	disk("power cut after the answer", writing, diskFault{after: true}),
	disk("slow calls", writing, diskFault{hits: changes, fault: faultdisk.Fault{Slow: 5 * time.Millisecond}, stays: true}),
	disk("a call hangs", backingUp, diskFault{hits: inBackups(changes), fault: faultdisk.Fault{Hang: true}}),
	disk("a bit of a backup flips when written", backingUp, diskFault{hits: inBackups(isKind(faultdisk.Write)), fault: faultdisk.Fault{Flip: true}, damages: true}),
	disk("a bit of a backup flips when read", takingOut, diskFault{hits: inBackups(isKind(faultdisk.Read)), fault: faultdisk.Fault{Flip: true}}),
	disk("fsync of a backup lies, then a power cut", backingUp, diskFault{hits: inBackups(syncs), fault: faultdisk.Fault{Lie: true}, stays: true, after: true, damages: true}),
	{"a system call fails (strace)", called, either, straced, failedCall},
	{"killed at a system call (strace)", called, either, straced, killedCall},
	{"hardly any room (tmpfs)", roomy, sqliteOnly, root, fullRoom},
	{"PostgreSQL is killed", onServer, []string{"cluster"}, never, killedServer},
	{"a connection's process is killed in PostgreSQL", onServer, []string{"cluster"}, never, killedConnection},
}

// never is a machine that lacks nothing; a missing PostgreSQL is noticed earlier.
func never() error { return nil }

func disk(name string, acts []act, f diskFault) kind {
	return kind{name, acts, either, faultdisk.Available, onDisk(f)}
}
