package verify

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"regexp"
	"strconv"
)

// pdf looks for the proof attached to a PDF. The pages are not looked at: nothing
// proves them.
func (c *checker) pdf(r *Result, file []byte) {
	attached, err := attachments(file)
	var proofs [][]byte
	for _, text := range attached {
		if bytes.Contains(text, []byte(`"extrato proof `)) {
			proofs = append(proofs, text)
		}
	}
	switch {
	case encryptedPDF.Match(file):
		r.fail(Unknown, "the PDF is encrypted: open it, save it without a password and check that file")
	case err != nil:
		r.fail(Unknown, "an attachment of the PDF is damaged: %s", err)
	case len(proofs) == 0:
		r.fail(Unknown, "no proof is attached to the PDF: it was printed again, scanned, or is no whole statement. Ask for the file as the program wrote it, or check the text of its QR code")
	case len(proofs) > 1:
		r.fail(Unknown, "%d proofs are attached to the PDF: check each statement's own file", len(proofs))
	default:
		c.document(r, proofs[0])
		r.trusted("the pages themselves: only the attachment was checked; compare them with these totals, or make them anew with --render FILE")
	}
}

var (
	embedded     = regexp.MustCompile(`/EmbeddedFile\b`)
	encryptedPDF = regexp.MustCompile(`/Encrypt\b`)
	deflated     = regexp.MustCompile(`/FlateDecode\b`)
	otherFilter  = regexp.MustCompile(`/Filter\b`)
	length       = regexp.MustCompile(`/Length\s+(\d+)`)
)

// attachments returns the embedded files of a PDF. Streams are found by their
// dictionaries, wherever they stand: an attachment replaced by a later one is
// found as well.
func attachments(file []byte) (all [][]byte, err error) {
	for _, at := range embedded.FindAllIndex(file, -1) {
		from := bytes.LastIndex(file[:at[0]], []byte("obj"))
		to := bytes.Index(file[at[1]:], []byte("stream"))
		if from < 0 || to < 0 || bytes.Contains(file[at[1]:at[1]+to], []byte("endobj")) {
			continue // the word in another place
		}
		dictionary, stream := file[from:at[1]+to], file[at[1]+to+len("stream"):]
		stream = bytes.TrimPrefix(bytes.TrimPrefix(stream, []byte("\r")), []byte("\n"))
		content, err := inflate(dictionary, stream)
		if err != nil {
			return all, err
		}
		all = append(all, content)
	}
	return all, nil
}

func inflate(dictionary, stream []byte) ([]byte, error) {
	if !deflated.Match(dictionary) {
		size := length.FindSubmatch(dictionary)
		if otherFilter.Match(dictionary) || size == nil {
			return nil, errors.New("it is stored in an unknown way")
		}
		n, err := strconv.Atoi(string(size[1]))
		if err != nil || n > len(stream) {
			return nil, errors.New("it is cut off")
		}
		return stream[:n], nil
	}
	z, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(z, maxFile))
	return text, errors.Join(err, z.Close())
}
