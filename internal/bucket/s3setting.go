package bucket

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"extrato/internal/books"
)

// s3Setting is one entry of EXTRATO_BACKUPS_COPY that begins with s3://.
type s3Setting struct {
	bucket, prefix   string // the prefix without slashes at its ends, or empty
	endpoint, region string
	lock             time.Duration // zero: objects are not locked
}

// bucketName is S3's rule.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

const s3Form = "write s3://BUCKET/PREFIX?endpoint=URL&region=REGION&lock=DAYS; endpoint, region and lock may be left out"

// parseS3 reads a setting. Its errors do not repeat it: a key may stand in it.
func parseS3(setting string) (s3Setting, error) {
	refuse := func(format string, args ...any) (s3Setting, error) {
		return s3Setting{}, books.Invalidf("place_setting", "EXTRATO_BACKUPS_COPY: "+format, args...).WithHint(s3Form)
	}
	u, err := url.Parse(setting)
	if err != nil {
		return refuse("an entry is no URL")
	}
	if u.User != nil {
		return refuse("an entry has a user or a key before @; keys belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	if !bucketName.MatchString(u.Host) {
		return refuse("%q is no bucket: 3 to 63 small letters, digits, points and hyphens", u.Host)
	}
	if u.Fragment != "" {
		return refuse("the entry of bucket %s has a #; write %%23 for it", u.Host)
	}
	s := s3Setting{bucket: u.Host, prefix: strings.Trim(u.Path, "/")}
	if s.prefix != "" && slices.ContainsFunc(strings.Split(s.prefix, "/"), func(part string) bool { return part == "" || part == "." || part == ".." }) {
		return refuse("the prefix in bucket %s has an empty part, . or ..", s.bucket)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return refuse("what follows ? in the entry of bucket %s cannot be read", s.bucket)
	}
	for key, values := range query {
		if len(values) > 1 || values[0] == "" {
			return refuse("%s stands twice or without a value in the entry of bucket %s", key, s.bucket)
		}
		var fault string
		switch key {
		case "endpoint":
			s.endpoint, fault = endpoint(values[0])
		case "region":
			s.region = values[0]
		case "lock":
			s.lock, fault = lockDays(values[0])
		default:
			fault = strconv.Quote(key) + " is no option"
		}
		if fault != "" {
			return refuse("%s in the entry of bucket %s", fault, s.bucket)
		}
	}
	return s, nil
}

func endpoint(text string) (_, fault string) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "the endpoint is no address such as https://s3.example.com, without a key"
	}
	return strings.TrimRight(text, "/"), ""
}

// maxLock is a hundred years: a slip of the finger cannot be taken back.
const maxLock = 36500

func lockDays(text string) (_ time.Duration, fault string) {
	days, err := strconv.Atoi(text)
	if err != nil || days < 1 || days > maxLock {
		return 0, "lock is no number of days from 1 to 36500"
	}
	return time.Duration(days) * 24 * time.Hour, ""
}
