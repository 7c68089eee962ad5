"""CSV whose quotes, widths and lengths are wrong."""

from __future__ import annotations

from materials import raw, zeros
from running import Case, three

FORMAT, COLUMN = "InputFormatError", "MissingColumnError"
HEAD = "time,exchange_id,account_id,model,prompt"
GOOD = "2026-01-02T00:00:00Z,x,a,m,p"
MORE = "2026-01-02T00:00:00Z,y,a,m,p"


def _csv(*rows, head=HEAD, name="log.csv"):
    return lambda folder: three(raw(folder, "\n".join([head, *rows]) + "\n", name))


BAD = "unreadable-record"
QUOTES = [
    Case("csv-quotes", "never-closed", _csv(GOOD, '2026-01-02,y,a,m,"p', MORE), FORMAT, "CSV"),
    Case(
        "csv-quotes", "text-after", _csv(GOOD, '2026-01-02,z,a,m,"p"q', MORE), good=2, bad={BAD: 1}
    ),
    Case(
        "csv-quotes",
        "million-doubled",
        _csv(GOOD, MORE[:-1] + '"' + '""' * 1_000_000 + '"'),
        good=2,
    ),
    Case(
        "csv-quotes",
        "million-lines",
        _csv(GOOD, MORE[:-1] + '"' + "l\n" * 1_000_000 + '"'),
        good=2,
        cells={"oversize-text": 1},
    ),
    Case("csv-quotes", "in-the-header", _csv(GOOD, head=HEAD.replace("model", '"mod""el')), COLUMN),
]
WIDTH = [
    Case("csv-width", "ragged", _csv(GOOD, "1,2", MORE, GOOD + ",7"), good=2, bad={BAD: 2}),
    Case(
        "csv-width",
        "20000-columns",
        _csv(GOOD + ",v" * 20_000, head=HEAD + "".join(f",c{i}" for i in range(20_000))),
        FORMAT,
    ),
    Case("csv-width", "million-fields", _csv(GOOD, "," * 1_000_000, MORE), good=2, bad={BAD: 1}),
    Case("csv-width", "names-twice", _csv(GOOD + ",b", head=HEAD + ",account_id"), FORMAT, "twice"),
    Case("csv-width", "no-names", _csv(GOOD, head=",,,,"), FORMAT),
]


def _long(before, mebibytes=200):
    return lambda folder: three(zeros(folder, "log.csv.zst", mebibytes, before=before.encode()))


def _wide_fields(folder):
    """One row of forty fields of 20 MB, each allowed by itself."""
    with (folder / "log.csv").open("w") as file:
        file.write(HEAD + "".join(f",c{i}" for i in range(40)) + "\n" + GOOD)
        for _ in range(40):
            file.write(',"' + "v\n" * 10_000_000 + '"')
        file.write("\n")
    return three("log.csv")


LENGTH = [
    Case("csv-length", "header-without-end", _long("", 80), FORMAT, "64 KiB"),
    Case("csv-length", "line-without-end", _long(HEAD + "\n" + GOOD), FORMAT, "64 MiB"),
    Case("csv-length", "quote-without-end", _long(f'{HEAD}\n{GOOD}"'), FORMAT, "64 MiB"),
    Case("csv-length", "wide-fields", _wide_fields, FORMAT, "64 MiB", slow=True),
    Case("csv-length", "header-of-one-name", _csv(GOOD, head="t" * 100_000), FORMAT, "64 KiB"),
]
MARKS = [
    Case(
        "csv-marks",
        "nul-bytes",
        _csv(GOOD, "2026-01-02T00:00:00Z,\0,a,m,p", MORE),
        good=2,
        bad={"bad-id": 1},
    ),
    Case(
        "csv-marks",
        "old-line-ends",
        lambda folder: three(raw(folder, HEAD + "\r" + GOOD + "\r", "log.csv")),
        FORMAT,
    ),
    Case(
        "csv-marks",
        "utf-16",
        lambda folder: three(raw(folder, f"{HEAD}\n{GOOD}\n".encode("utf-16"), "log.csv")),
        FORMAT,
    ),
    Case("csv-marks", "byte-order-mark", _csv(GOOD, head="\ufeff" + HEAD), good=1),
    Case("csv-marks", "only-names", _csv(), "NoUsableRowsError"),
]

CASES = (*QUOTES, *WIDTH, *LENGTH, *MARKS)
