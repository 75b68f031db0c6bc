package webtest

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/chromedp/chromedp"
)

// Picture keeps a picture of the top of the page for the README. PICTURES names
// the folder; without it there is none.
func (c *Chromium) Picture(name string, width, height int64) {
	c.t.Helper()
	folder := os.Getenv("PICTURES")
	if folder == "" {
		return
	}
	was := c.width
	c.Size(width, height)
	shot, err := chromedp.Run(c.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		c.t.Fatal(err)
	}
	small, err := fewColors(shot)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), small, 0o644) //nolint:gosec // for everybody to see
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.Size(was, 900)
}

// fewColors keeps the 256 most frequent colors of a PNG, which is much smaller
// then and looks the same.
func fewColors(shot []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil, err
	}
	count := map[color.Color]int{}
	box := full.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			count[full.At(x, y)]++
		}
	}
	frequent := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return cmp.Compare(count[b], count[a]) })
	small := image.NewPaletted(box, frequent[:min(len(frequent), 256)])
	draw.Draw(small, box, full, box.Min, draw.Src)
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small)
	return out.Bytes(), err
}
