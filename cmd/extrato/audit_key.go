package main

import (
	"extrato/internal/books"
	"extrato/internal/proof"
	"extrato/internal/store"
)

type auditCheckpointCommand struct{}

func (auditCheckpointCommand) Help() string {
	return `Prints the chain's head, signed with the studio's key: the number of entries and
the root of the tree over their hashes. Keep it where the server cannot reach it;
extrato verify checks it later, and every printed statement, without the database.

Example:
  extrato audit checkpoint > head.txt`
}

// Run prints the signed head.
func (*auditCheckpointCommand) Run(a *app) error {
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	var l proof.Log
	err = closer.Store.Read(a.ctx, func(tx *store.Tx) error {
		l, err = tx.Log(a.ctx, store.NewestHead)
		return err
	})
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.stdout, struct {
			Checkpoint string            `json:"checkpoint"`
			Keys       []proof.PublicKey `json:"keys"`
			Cosigners  []proof.PublicKey `json:"cosigners"`
		}{l.Checkpoint, l.Keys, append([]proof.PublicKey{}, l.Cosigners...)})
	}
	a.printf("%s", l.Checkpoint)
	return nil
}

type auditRekeyCommand struct {
	Reason string `help:"Why, for the chain." required:"" placeholder:"TEXT"`
}

func (auditRekeyCommand) Help() string {
	return `Makes a new key for signing heads and records it in the chain. The earlier key goes
on signing beside it if it is still here, so the safety net and printed statements
lead from one to the next. If it was lost, give the new key to everybody who had the
old one; the safety net takes it by --key.

Example:
  extrato audit rekey --reason "the old key was lost with the server"`
}

// Run replaces the key.
func (c *auditRekeyCommand) Run(a *app) error {
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	entry, key, err := closer.ReplaceKey(a.ctx, c.Reason, actor())
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.stdout, struct {
			Seq  int64             `json:"seq"`
			Hash books.Fingerprint `json:"hash"`
			Key  proof.PublicKey   `json:"key"`
		}{entry.Seq, entry.Hash, key})
	}
	a.printf("the key was replaced, entry %d of the chain\n  key  %s\n", entry.Seq, key)
	return nil
}
