package bucket

import (
	"path/filepath"
	"strings"
	"time"

	"extrato/internal/books"
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

// OpenPlace returns the Place of one entry of EXTRATO_BACKUPS_COPY:
// s3://BUCKET/PREFIX?endpoint=URL&region=R&lock=DAYS, or a folder by its path
// from the working directory. A misspelled entry is refused. It asks nothing of the place: Probe
// does. warn gets messages about the place for a person; it may be nil.
func OpenPlace(setting string, warn func(string)) (Place, error) {
	if scheme, _, is := strings.Cut(setting, "://"); is && scheme != "s3" {
		return nil, books.Invalidf("place_setting", "EXTRATO_BACKUPS_COPY: an entry is neither a folder nor s3://").WithHint(s3Form)
	} else if is {
		return openS3(setting, warn)
	}
	folder, err := filepath.Abs(setting)
	if err != nil {
		return nil, err
	}
	return NewFolderPlace(folder, warn), nil
}

// InClear reports whether a place is reached over a network without TLS.
func InClear(p Place) bool {
	reached, ok := p.(interface{ InClear() bool })
	return ok && reached.InClear()
}

// Locks returns how long a place locks each object, as lock=DAYS of its setting
// says; zero for a place without locks. Callers give Put and Retain this much
// from now.
func Locks(p Place) time.Duration {
	if locking, ok := p.(interface{ Locks() time.Duration }); ok {
		return locking.Locks()
	}
	return 0
}
