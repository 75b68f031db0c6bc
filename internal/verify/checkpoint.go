package verify

import (
	"slices"

	"extrato/internal/proof"
)

// checkpoint checks a signed head. It carries no key: without a given one, those
// of the other files are tried at the end.
func (c *checker) checkpoint(r *Result, text string) {
	text = typedDash(text)
	head, err := proof.ParseHead(text)
	if err != nil {
		r.failWith(err)
		return
	}
	keys, _ := c.keys(head.Origin)
	if len(keys) == 0 {
		c.alone = append(c.alone, seenCheckpoint{r, text, head})
		return
	}
	p, err := proof.Open(text, keys...)
	if err != nil {
		r.failWith(err)
		return
	}
	c.signed(r, p, false)
}

// openAlone tries the keys of the other files on checkpoints without any.
func (c *checker) openAlone() {
	for _, a := range c.alone {
		var keys []proof.PublicKey
		from := ""
		for _, h := range c.heads {
			if h.head.Origin == a.head.Origin {
				from = h.of.File
				for _, k := range h.head.Signed {
					if !slices.Contains(texts(keys), k.String()) {
						keys = append(keys, k)
					}
				}
			}
		}
		if len(keys) == 0 {
			a.of.fail(Unanchored, "the signature was not checked: give the studio's public key (--key), or a statement with it")
			continue
		}
		p, err := proof.Open(a.text, keys...)
		if err != nil {
			a.of.failWith(err)
			continue
		}
		a.of.checked("the head of %s at size %d, root %s, is signed", p.Origin, p.Size, p.Root)
		a.of.trusted("key: from %s, %s; compare it with one from elsewhere (--key)", from, printed(p.Signed))
		c.heads = append(c.heads, seenHead{a.of, p, true})
	}
}
