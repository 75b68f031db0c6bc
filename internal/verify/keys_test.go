package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/proof"
	"extrato/internal/verify"
)

// keys adds forged keys and heads, and checkpoints alone.
func (c *corpus) keys() {
	s, forger := c.s, proof.NewKey(origin)
	own := []string{s.key.Public().Printed()}
	forgery := &studio{key: forger, cosigner: s.cosigner, chain: s.chain, statements: s.statements, backups: s.backups}
	document := forgery.document(c.t, 3, 4).JSON()
	file := c.put("resigned.pdf", pdf(c.t, forgery.paper(c.t, 3, document)))
	true1 := c.put("true.pdf", pdf(c.t, s.paper(c.t, 3, s.document(c.t, 3, 3).JSON())))
	c.add("signed anew with a forged key, nothing to compare", nil, []string{file})
	c.add("signed anew with a forged key, the true one given", own, []string{file}, verify.Wrong)
	c.add("signed anew with a forged key, whole true key given", []string{s.key.Public().String()}, []string{file}, verify.Wrong)
	c.add("signed anew with a forged key, beside a true file", nil, []string{file, true1}, verify.Wrong, verify.Wrong)
	c.add("the true key given", []string{s.key.Public().String()}, []string{true1})
	c.add("a cosigner's key given", []string{s.cosigner.Public().String()}, []string{true1})
	listing := forgery.document(c.t, 3, 4)
	listing.Keys = append(listing.Keys, s.key.Public())
	c.add("a forged key beside the true one", nil, []string{c.put("listing.json", listing.JSON()), true1}, verify.Wrong, verify.Wrong)
	c.rotated(true1)
	note := s.log(c.t, 4).Checkpoint
	checkpoint := c.put("checkpoint", []byte(note))
	c.add("a checkpoint alone", nil, []string{checkpoint}, verify.Unanchored)
	c.add("a checkpoint with its key", own, []string{checkpoint})
	c.add("a checkpoint with another key", []string{forger.Public().Printed()}, []string{checkpoint}, verify.Wrong)
	c.add("a checkpoint with a statement", nil, []string{checkpoint, true1})
	c.add("a checkpoint with two statements", nil, []string{checkpoint, true1, c.put("true2.pdf", pdf(c.t, s.paper(c.t, 4, s.document(c.t, 4, 4).JSON())))})
	c.add("a changed checkpoint", own, []string{c.put("checkpoint2", []byte(strings.Replace(note, "\n4\n", "\n5\n", 1)))}, verify.Wrong)
	c.add("a checkpoint with hyphens", own, []string{c.put("checkpoint3", []byte(strings.ReplaceAll(note, "\n— ", "\n-- ")))})
	code := []byte(s.paper(c.t, 3, nil).Proof.Code)
	c.add("a code alone", nil, []string{c.put("code0.txt", code)}, verify.Unanchored)
	c.add("a code with line ends of another system", own, []string{c.put("code1.txt", bytes.ReplaceAll(code, []byte("\n"), []byte("\r\n")))})
	c.add("a code without its last line end", own, []string{c.put("code2.txt", bytes.TrimSpace(code))})
	for i := range 6 { // its lines, up to the origin
		lines := strings.Split(string(code), "\n")
		lines[i] += "A"
		c.add(fmt.Sprintf("a code with line %d changed", i), own, []string{c.put(fmt.Sprintf("code_%d.txt", i), []byte(strings.Join(lines, "\n")))}, "")
	}
	loose := bytes.Replace(code, []byte("=\nindex"), []byte("\nindex"), 1)
	c.add("a code without padding", own, []string{c.put("code_loose.txt", loose)}, verify.Unknown)
	at := bytes.Index(code, []byte("=\nindex")) - 1
	bits := slices.Clone(code)
	bits[at] = otherBits(bits[at])
	c.add("a code with bits behind its end", own, []string{c.put("code_bits.txt", bits)}, verify.Unknown)
	torsion := bytes.Repeat([]byte{0}, ed25519.PublicKeySize)
	weak := must[proof.PublicKey](c.t)(proof.ParsePrinted(origin, base64.StdEncoding.EncodeToString(append([]byte{1}, torsion...))))
	c.add("a weak key", []string{weak.String()}, []string{checkpoint}, "")
}

// otherBits changes the two lowest bits of a base64 digit, which the last digit
// before one equals sign does not use.
func otherBits(digit byte) byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return digits[strings.IndexByte(digits, digit)^1]
}

// rotated adds statements signed after the key was replaced.
func (c *corpus) rotated(old string) {
	first, second := c.s.key, proof.NewKey(origin)
	prove := func(l proof.Log) proof.Document {
		return must[proof.Document](c.t)(l.Prove(c.s.statements[4], c.s.entry(4)))
	}
	both := c.put("both_keys.json", prove(c.s.log(c.t, 4, second, first)).JSON())
	lost := prove(c.s.log(c.t, 4, second))
	lost.Keys = append(lost.Keys, first.Public())
	after := c.put("lost_key.json", lost.JSON())
	c.add("signed with both keys, the old one given", []string{first.Public().Printed()}, []string{both})
	c.add("signed with both keys, the new one given", []string{second.Public().Printed()}, []string{both})
	c.add("signed with both keys, beside an old statement", nil, []string{both, old})
	c.add("signed after the key was lost, the old one given", []string{first.Public().Printed()}, []string{after}, verify.Wrong)
	c.add("signed after the key was lost, beside an old statement", nil, []string{after, old}, verify.Wrong, verify.Wrong)
	c.add("signed after the key was lost, both keys given", []string{first.Public().Printed(), second.Public().Printed()}, []string{after, old})
	forked := &studio{key: first, cosigner: c.s.cosigner, chain: slices.Clone(c.s.chain), statements: c.s.statements}
	forked.chain[0].Reason = "x"
	for i := range forked.chain {
		before := books.ChainEntry{}
		if i > 0 {
			before = forked.chain[i-1]
		}
		forked.chain[i] = forked.chain[i].After(before)
	}
	c.add("two heads of one size", nil, []string{c.put("fork.json", forked.document(c.t, 3, 3).JSON()), old}, verify.Wrong, verify.Wrong)
}
