//go:build linux

package crashtest

import (
	"slices"
	"time"

	"extrato/internal/faultdisk"
)

var (
	either     = []string{"sqlite", "sqlite", "postgres"}
	sqliteOnly = []string{"sqlite"}
	onAnyDisk  = append(slices.Clone(monthActs), wholeCopy)
)

// kinds are all faults. What needs no SQLite strikes the folder of the backups
// alone where the database is PostgreSQL.
var kinds = []kind{
	disk("a call fails (EIO)", diskFault{hits: changes, fault: errno.io}),
	disk("all calls fail from one on (EIO)", diskFault{hits: changes, fault: errno.io, stays: true}),
	disk("fsync fails (EIO)", diskFault{hits: syncs, fault: errno.io}),
	disk("fsync fails from one on (EIO)", diskFault{hits: syncs, fault: errno.io, stays: true}),
	disk("a read fails (EIO)", diskFault{hits: isKind(faultdisk.Read, faultdisk.Open, faultdisk.List), fault: errno.io}),
	disk("the disk is full from one call on (ENOSPC)", diskFault{hits: takesRoom, fault: errno.full, stays: true}),
	disk("the quota is used up for one call (EDQUOT)", diskFault{hits: takesRoom, fault: errno.quota}),
	disk("a write is torn (EIO)", diskFault{hits: isKind(faultdisk.Write), fault: faultdisk.Fault{Errno: errno.io.Errno, Torn: true}}),
	disk("power cut", diskFault{hits: changes, cut: true}),
	disk("power cut after the answer", diskFault{after: true}),
	disk("a call is slow", diskFault{hits: changes, fault: faultdisk.Fault{Slow: 20 * time.Millisecond}, stays: true}),
	disk("a call hangs", diskFault{hits: inBackups(changes), fault: faultdisk.Fault{Hang: true}}),
	disk("a bit of a backup flips when written", diskFault{hits: inBackups(isKind(faultdisk.Write)), fault: faultdisk.Fault{Flip: true}, damages: true}),
	disk("a bit of a backup flips when read", diskFault{hits: inBackups(isKind(faultdisk.Read)), fault: faultdisk.Fault{Flip: true}}),
	disk("fsync of a backup lies, power cut after the answer", diskFault{hits: inBackups(syncs), fault: faultdisk.Fault{Lie: true}, stays: true, after: true, damages: true}),
}

func disk(name string, f diskFault) kind {
	return kind{name, onAnyDisk, either, faultdisk.Available, onDisk(f)}
}
