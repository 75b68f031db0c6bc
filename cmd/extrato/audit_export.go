package main

import (
	"errors"
	"os"
	"path/filepath"

	"extrato/internal/books"
	"extrato/internal/proof"
)

type auditExportCommand struct {
	Dir string `arg:"" help:"A new or empty folder."`
}

func (auditExportCommand) Help() string {
	return `Writes everything that an outsider needs to check all months without this program's
database: the signed head, the public keys, the whole chain, and each statement and earlier
revision with its proof. It holds the rows of all months, with names. Check it with

  extrato verify DIR

Example:
  extrato audit export outsiders`
}

// exportedChain is the output of audit export --json.
type exportedChain struct {
	Dir        string            `json:"dir"`
	Origin     string            `json:"origin"`
	Key        string            `json:"key"`
	Entries    int64             `json:"entries"`
	Root       string            `json:"root"`
	Head       books.Fingerprint `json:"head"`
	Statements int               `json:"statements"`
}

// Run writes the folder under another name first, so half of one is never taken
// for the whole.
func (c *auditExportCommand) Run(a *app) error {
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	dir := filepath.Clean(c.Dir)
	if there, err := os.ReadDir(dir); err == nil && len(there) > 0 || err != nil && !errors.Is(err, os.ErrNotExist) {
		return books.Invalidf("file_exists", "%s is there and not an empty folder", dir).WithHint("name a new folder")
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".partial-")
	if err != nil {
		return books.Invalidf("file_unwritable", "%s cannot be written", dir).Because(err).WithHint("name a folder inside one that exists and that you may write")
	}
	defer os.RemoveAll(partial)
	w := folderWriter{dir: partial, shown: exportedChain{Dir: dir}}
	if err := closer.ProveAll(a.ctx, w.begin, w.statement); err != nil {
		return err
	}
	_ = os.Remove(dir) // empty, else Rename fails
	if err := os.Rename(partial, dir); err != nil {
		return books.Invalidf("file_unwritable", "%s cannot be written", dir).Because(err).WithHint("name a new folder")
	}
	if a.JSON {
		return printJSON(a.stdout, w.shown)
	}
	a.printf("%s of %s and %d statements are in %s\n", entries(w.shown.Entries), w.shown.Origin, w.shown.Statements, dir)
	a.printf("  key   %s\n  root  %s\n", w.shown.Key, w.shown.Root)
	a.printf("check them with: extrato verify %s\n", dir)
	return nil
}

// folderWriter writes the files of an export.
type folderWriter struct {
	dir   string
	shown exportedChain
}

func (w *folderWriter) begin(l proof.Log, chain []books.ChainEntry) error {
	h, err := proof.ParseHead(l.Checkpoint)
	if err != nil {
		return err
	}
	w.shown.Origin, w.shown.Key, w.shown.Root, w.shown.Statements = h.Origin, l.Keys[0].Printed(), h.Root.String(), 0
	w.shown.Entries = h.Size
	if len(chain) > 0 {
		w.shown.Head = chain[len(chain)-1].Hash
	}
	return errors.Join(
		os.MkdirAll(filepath.Join(w.dir, proof.StatementsFolder), 0o700),
		w.write(proof.CheckpointFile, []byte(l.Checkpoint)),
		w.write(proof.KeysFile, []byte(proof.KeysText(append(l.Keys, l.Cosigners...)...))),
		w.write(proof.EntriesFile, proof.EntriesJSON(chain)),
		w.write("LEIA-ME.txt", []byte(exportReadme)),
	)
}

func (w *folderWriter) statement(e books.ChainEntry, d proof.Document) error {
	w.shown.Statements++
	return w.write(filepath.Join(proof.StatementsFolder, proof.DocumentName(e.Month, e.Revision)), d.JSON())
}

func (w *folderWriter) write(name string, text []byte) error {
	return os.WriteFile(filepath.Join(w.dir, name), text, 0o600)
}

const exportReadme = `Esta pasta traz o registro de fechamentos de um estúdio e o extrato de cada mês, com
a prova de cada um. Ela contém nomes e valores: guarde-a bem. Para conferi-la, sem
internet e sem o estúdio:

    extrato verify PASTA --key CHAVE
    python3 verify.py --key CHAVE PASTA

CHAVE é a chave pública do estúdio, tirada de um extrato antigo ou dada por ele de outra
maneira; a que está no arquivo keys prova só que a pasta combina consigo mesma. Dê também
um extrato antigo que você guardou: isso mostra que nada foi reescrito desde então.
docs/confira.md, no projeto, explica o resto.

This folder holds a studio's chain of closings and the statement of every month, with
their proofs. The commands above check it; KEY is the studio's public key, known from
elsewhere. docs/check.md in the project explains the rest.
`
