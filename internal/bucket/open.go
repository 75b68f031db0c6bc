package bucket

import "path/filepath"

// Open returns the Bucket at a place: a folder, by its path from the working
// directory. Another kind of place, such as S3, gets its case here. warn gets
// messages about the place for a person; it may be nil.
func Open(place string, warn func(string)) (Bucket, error) {
	folder, err := filepath.Abs(place)
	if err != nil {
		return nil, err
	}
	return NewFolder(folder, warn), nil
}
