// Package faultdisk is a file system in memory for tests of whole programs. A
// test decides which calls fail, hang, lie or tear, and cuts the power: then
// only synced files and synced directory entries survive for certain.
//
// The rules are stricter than ext4's: a file's sync does not make its name
// durable, only a sync of its folder does.
package faultdisk
