package bucket

import (
	"path/filepath"
)

// Open returns the Bucket at a place: a folder, by its path from the working
// directory. warn gets messages about the place for a person; it may be nil.
func Open(place string, warn func(string)) (Bucket, error) {
	folder, err := filepath.Abs(place)
	if err != nil {
		return nil, err
	}
	return NewFolder(folder, warn), nil
}

// OpenPlace returns the Place of one entry of EXTRATO_BACKUPS_COPY: a folder,
// by its path from the working directory. It asks nothing of the place: Probe
// does. warn gets messages about the place for a person; it may be nil.
func OpenPlace(setting string, warn func(string)) (Place, error) {
	folder, err := filepath.Abs(setting)
	if err != nil {
		return nil, err
	}
	return NewFolderPlace(folder, warn), nil
}
