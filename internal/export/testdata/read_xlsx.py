"""Prints a workbook as another library reads it: sheets of rows of cells, with the
value that each formula gives when it is computed here."""
import json
import re
import sys
import openpyxl

formulas = openpyxl.load_workbook(sys.argv[1])
values = openpyxl.load_workbook(sys.argv[1], data_only=True)
RANGE = r"(?:'([^']+)'!)?\$?([A-Z])\$?(\d+):\$?([A-Z])\$?(\d+)"


def compute(sheet, place):
    c = formulas[sheet][place]
    if c.data_type != "f":
        return c.value
    f = c.value.lstrip("=")
    ranges = [
        [compute(name or sheet, f"{column}{n}") for n in range(int(first), int(last) + 1)]
        for name, column, first, _, last in re.findall(RANGE, f)
    ]
    if re.fullmatch(rf"SUM\({RANGE}\)", f):
        return sum(v or 0 for v in ranges[0])
    if m := re.fullmatch(rf"SUMIF\({RANGE},(\w+),{RANGE}\)", f):
        wanted = compute(sheet, m[6])
        return sum(v for k, v in zip(*ranges, strict=True) if k == wanted)
    if m := re.fullmatch(rf"SUMPRODUCT\(--EXACT\({RANGE},(\w+)\),{RANGE}\)", f):
        wanted = compute(sheet, m[6])
        return sum(v or 0 for k, v in zip(*ranges, strict=True) if k == wanted)
    if re.fullmatch(r"[A-Z]\d+(-[A-Z]\d+)+", f):
        first, *others = [compute(sheet, place) for place in f.split("-")]
        return first - sum(others)
    raise ValueError(f)


def cell(c, v):
    kind = "formula" if c.data_type == "f" else "day" if v.is_date else "text" if v.data_type == "s" else "number"
    value = v.value
    if value is None:
        return {}
    text = value.strftime("%Y-%m-%d") if kind == "day" else value if isinstance(value, str) else repr(value)
    computed = repr(compute(c.parent.title, c.coordinate)) if kind == "formula" else ""
    return {"kind": kind, "text": text, "formula": c.value if computed else "", "computed": computed, "format": v.number_format}


print(json.dumps({
    s.title: [[cell(c, values[s.title][c.coordinate]) for c in row] for row in s.iter_rows()]
    for s in formulas
}))
