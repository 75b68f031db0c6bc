package doctor

import "golang.org/x/sys/unix"

// remote are file systems with unreliable locks for SQLite, by statfs number.
var remote = map[uint32]string{
	unix.NFS_SUPER_MAGIC:  "NFS",
	unix.SMB_SUPER_MAGIC:  "a Windows share (SMB)",
	unix.CIFS_SUPER_MAGIC: "a Windows share (CIFS)",
	unix.SMB2_SUPER_MAGIC: "a Windows share (SMB2)",
	unix.FUSE_SUPER_MAGIC: "a FUSE file system",
	unix.V9FS_MAGIC:       "a share of a virtual machine's host (9p)",
	unix.AFS_SUPER_MAGIC:  "AFS",
	unix.CEPH_SUPER_MAGIC: "Ceph",
}

// fileSystem names a folder's file system if it is not a local one.
func fileSystem(folder string) (kind string, isRemote bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return "", false
	}
	kind, isRemote = remote[uint32(s.Type)]
	return kind, isRemote
}
