package export

import (
	"bytes"
	"io"

	"github.com/go-pdf/fpdf"
	"rsc.io/qr"
)

// codeWidth is how wide a QR code is printed, in millimetres: codes of 45 mm were
// not read back from every scan.
const codeWidth = 55.0

// attach puts the proof into the file, where extrato verify looks for it. A
// reader's programs show it beside the pages.
func (p *pdf) attach() {
	if p.s.Proof == nil || p.s.Proof.Document == nil || p.s.Unverified {
		return
	}
	p.SetAttachments([]fpdf.Attachment{{
		Content: p.s.Proof.Document, Filename: "extrato_" + p.s.Month.String() + ".prova.json", Description: "extrato proof 1",
	}})
}

// check says how a reader checks the statement, beside the proof as a QR code.
func (p *pdf) check() error {
	if p.s.Proof == nil || p.s.Proof.Code == "" || p.s.Unverified {
		return nil
	}
	code, err := qr.Encode(p.s.Proof.Code, qr.L)
	if err != nil {
		return err
	}
	p.SetY(p.GetY() + 6)
	p.room(codeWidth + 7)
	p.font("B", sizeHeading, ink)
	p.say(margin, p.GetY(), textWidth, p.checkTitle, "L")
	y := p.GetY() + 7
	p.code(code, margin, y)
	x, at := margin+codeWidth+6, y
	p.font("", sizeText, ink)
	for _, text := range p.checkTexts {
		for _, line := range p.lines(text, pageWidth-margin-x) {
			p.say(x, at, pageWidth-margin-x, line, "L")
			at += lineHeight
		}
		at += 1.6
	}
	p.SetY(max(at, y+codeWidth))
	return nil
}

// code draws a QR code, a rectangle for each run of black squares in a line.
func (p *pdf) code(code *qr.Code, x, y float64) {
	p.SetFillColor(0, 0, 0)
	square := codeWidth / float64(code.Size)
	for row := range code.Size {
		for from := 0; from < code.Size; {
			to := from
			for to < code.Size && code.Black(to, row) {
				to++
			}
			if to > from {
				p.Rect(x+float64(from)*square, y+float64(row)*square, float64(to-from)*square, square, "F")
			}
			from = to + 1
		}
	}
}

// version17 is the version of PDF that has attachments. The library always writes
// 1.3 at the beginning, of the same length.
const version17 = "%PDF-1.7"

// write writes the finished document.
func (p *pdf) write(w io.Writer) error {
	var file bytes.Buffer
	if err := p.Output(&file); err != nil {
		return err
	}
	copy(file.Bytes(), version17)
	_, err := file.WriteTo(w)
	return err
}
