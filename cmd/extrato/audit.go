package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/doctor"
	"extrato/internal/store"
)

type auditCommand struct {
	Verify auditVerifyCommand `cmd:"" help:"Check the chain and every statement."`
	Show   auditShowCommand   `cmd:"" help:"Show the chain's entries."`

	Checkpoint auditCheckpointCommand `cmd:"" help:"Print the signed head of the chain."`
	Rekey      auditRekeyCommand      `cmd:"" help:"Replace the key that signs the head."`
	Export     auditExportCommand     `cmd:"" help:"Write everything an outsider needs to check all months."`
}

type auditVerifyCommand struct {
	Head string `help:"A head printed or kept elsewhere: does the chain continue it?" placeholder:"HASH"`
}

func (auditVerifyCommand) Help() string {
	return `Checks that every entry of the chain is intact and follows the one before; that
every statement agrees with it, byte for byte; that runs, records of backups and
deposits agree with it; and that the guarding triggers are there. Exit code 4 if
anything was changed. With --head, it also checks that the chain continues a head
printed on a statement or kept elsewhere: nobody can rewrite that with the database. For the backups there is "extrato
backup verify".

Examples:
  extrato audit verify
  extrato audit verify --head 5f2c…`
}

// Run checks the chain.
func (c *auditVerifyCommand) Run(a *app) error {
	var head books.Fingerprint
	if c.Head != "" {
		var err error
		if head, err = books.ParseFingerprint(c.Head); err != nil {
			return books.Invalidf("invalid_head", "--head %q is not the hash of an entry", c.Head).
				WithHint("write all 64 hexadecimal digits, as extrato audit verify and printed statements show them")
		}
	}
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	var audit closing.Audit
	if c.Head != "" {
		audit, err = closer.VerifyChainSince(a.ctx, head)
	} else {
		audit, err = closer.VerifyChain(a.ctx)
	}
	if err != nil {
		return err
	}
	if a.JSON {
		if err := printJSON(a.stdout, audit); err != nil {
			return err
		}
	} else if audit.OK {
		a.printf("%s, all intact; every statement is as it was closed\n  head  %s\n", entries(audit.Entries), audit.Head)
		if audit.Since != nil {
			a.printf("  the head that was kept is in it; %s since\n", entries(*audit.Since))
		}
	} else {
		for _, p := range audit.Problems {
			a.printf("%s\n", p)
		}
	}
	if !audit.OK {
		return shown{books.Integrityf("chain_broken", "the chain or a statement was changed").
			WithHint("%s", doctor.MendBooks)}
	}
	return nil
}

func entries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

type auditShowCommand struct {
	Month string `arg:"" optional:"" help:"Only this month's entries."`
}

func (auditShowCommand) Help() string {
	return `Example:
  extrato audit show 2025-10`
}

// entry is a closing as audit show prints it.
type entry struct {
	Seq           int64             `json:"seq"`
	Action        books.Action      `json:"action"`
	Month         string            `json:"month"` // "" of an entry without one
	Revision      int               `json:"revision"`
	At            string            `json:"at"`
	By            books.Actor       `json:"by"`
	Reason        string            `json:"reason"`
	CorrelationID string            `json:"correlation_id"`
	Fingerprint   string            `json:"fingerprint"` // this and the next two: "" where there is none
	Core          string            `json:"core"`
	Seal          string            `json:"seal"`
	Counts        books.Counts      `json:"counts"`
	Totals        json.RawMessage   `json:"totals"`
	BackupFile    string            `json:"backup_file"`
	BackupSHA256  string            `json:"backup_sha256"`
	Notes         []string          `json:"notes"`
	Detail        books.Fingerprint `json:"detail"`
	Salt          books.Salt        `json:"salt"`
	Previous      books.Fingerprint `json:"previous_hash"`
	Hash          books.Fingerprint `json:"hash"`
}

// Run shows the chain.
func (c *auditShowCommand) Run(a *app) error {
	month, err := monthArgument(c.Month)
	if err != nil {
		return err
	}
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	var closings []books.ChainEntry
	err = closer.Store.Read(a.ctx, func(tx *store.Tx) error {
		closings, err = tx.ChainEntries(a.ctx)
		return err
	})
	if err != nil {
		return err
	}
	shown := []entry{}
	for _, e := range closings {
		if !month.IsZero() && e.Month != month {
			continue
		}
		shown = append(shown, entry{e.Seq, e.Action, e.Month.OrNone(), e.Revision, e.At.String(), e.By, e.Reason, e.CorrelationID,
			e.Fingerprint.OrNone(), e.Core.OrNone(), e.Seal.OrNone(), e.Counts, json.RawMessage(e.Totals), e.BackupFile, e.BackupSHA256, append([]string{}, e.Notes...), e.Detail, e.Salt, e.Previous, e.Hash})
	}
	if a.JSON {
		return printJSON(a.stdout, struct {
			Entries []entry `json:"entries"`
		}{shown})
	}
	for _, e := range shown {
		at, err := time.Parse(time.RFC3339, e.At)
		if err != nil {
			return err
		}
		a.printf("%4d  %s  %-8s  %s  revision %d  by %s\n", e.Seq, at.In(closer.Store.Zone()).Format("2006-01-02 15:04:05 -07:00"), e.Action, cmp.Or(e.Month, "-      "), e.Revision, e.By)
		a.printf("      rows %d  fingerprint %s\n      hash %s\n", e.Counts.Total(), e.Fingerprint, e.Hash)
		if e.Reason != "" {
			a.printf("      reason: %s\n", e.Reason)
		}
		for _, n := range e.Notes {
			a.printf("      note: %s\n", n)
		}
	}
	return nil
}
