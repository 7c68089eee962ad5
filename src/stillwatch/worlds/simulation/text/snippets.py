"""Program text: small functions and changes with names of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["coined", "diff", "snippet"]

_ONSETS = (
    "bra", "cel", "dor", "fen", "gal", "hul", "ima", "jor", "kes", "lum", "mir", "nov", "ost",
    "pra", "qui", "ral", "sil", "tor", "ulm", "ver", "wex", "yar", "zan", "aro", "bel", "cor",
    "del", "eno", "fal", "gri",
)  # fmt: skip
_MIDDLES = ("a", "e", "i", "o", "u", "ar", "en", "il", "or", "un", "ati", "eri", "ona", "ul", "is")
_CODAS = (
    "ba", "dex", "fin", "go", "lia", "mo", "nix", "ra", "sta", "tek", "via", "zo", "lab", "den",
    "path", "ware", "line", "mark", "soft", "works", "hub", "port", "field", "loop",
)  # fmt: skip
_VERBS = (
    "load", "merge", "parse", "flush", "rank", "fetch", "pack", "split", "trim", "index", "sync",
    "count", "score", "drop", "group", "cache", "retry", "encode", "check", "store",
)  # fmt: skip
_NOUNS = (
    "orders", "users", "rows", "tokens", "events", "nodes", "edges", "blobs", "frames", "keys",
    "pages", "jobs", "rates", "labels", "logs", "paths", "units", "slots", "chunks", "prices",
)  # fmt: skip
_FIELDS = ("id", "name", "total", "state", "ts", "kind", "size", "owner", "score", "path", "lang")
_OPS = ("<", ">", "==", "!=", "<=", ">=")

_PYTHON = """def {f}({a}, {b}={n}):
    {c} = []
    for {i} in {a}:
        if {i}["{x}"] {op} {b}:
            {c}.append({i}["{y}"] + {m})
    return {c}"""
_SCRIPT = """async function {f}({a}, {b} = {n}) {{
  const {c} = await {g}({a});
  return {c}.filter(({i}) => {i}.{x} {op} {b}).map(({i}) => {i}.{y} * {m});
}}"""
_SQL = """SELECT {x}, count(*) AS {c}, max({y})
FROM {a} JOIN {b} ON {a}.{x} = {b}.{y}
WHERE {a}.{z} {op} {n}
GROUP BY {x} ORDER BY {c} DESC LIMIT {m}"""
_GO = """func {f}({a} []Item) (map[string]int, error) {{
	{c} := make(map[string]int, {n})
	for _, {i} := range {a} {{
		if {i}.{x} {op} {m} {{ {c}[{i}.{y}]++ }}
	}}
	return {c}, {g}({c})
}}"""
_SHELL = """for {i} in $(ls {a}/*.{x}); do
  grep -c "{f}" "$${i}" || echo "{b} $${i}" >> {c}.log
  sleep {n}
done"""
_CLASS = """class {f}:
    def __init__(self, {a}, {x}={n}):
        self.{a} = {a}
        self.{x} = {x}

    def {g}(self, {i}):
        return self.{a}.get({i}, {m}) {op} self.{x}"""
_PLAIN = (_PYTHON, _SCRIPT, _SQL, _GO, _SHELL, _CLASS)


def coined(number: int) -> str:
    """Return a made-up word; 10,800 of them.

    >>> coined(0)
    'Braaba'
    """
    onset = _ONSETS[number % 30]
    return (onset + _MIDDLES[number // 30 % 15] + _CODAS[number // 450 % 24]).capitalize()


def _names(number: Iterator[int], base: int) -> dict[str, object]:
    n = [next(number) for _ in range(9)]
    own = coined(base + n[0] % 3).lower()
    noun = _NOUNS[(base + n[1] % 4) % 20]
    other = _NOUNS[(base + 5 + n[2] % 4) % 20]
    return {
        "f": f"{_VERBS[n[3] % 20]}_{own}_{noun}",
        "g": f"{_VERBS[n[4] % 20]}_{other}",
        "a": noun,
        "b": f"{own}_{other}",
        "c": f"{_VERBS[n[5] % 20]}ed_{noun[:4]}{n[5] // 20 % 50}",
        "i": noun[:3],
        "x": _FIELDS[n[6] % 11],
        "y": _FIELDS[(n[6] // 11) % 11],
        "z": _FIELDS[(n[6] // 121) % 11],
        "op": _OPS[n[7] % 6],
        "n": n[7] // 6 % 900 + 3,
        "m": n[8] % 97 + 2,
    }


def snippet(number: Iterator[int], base: int) -> str:
    """Return one to two pieces of program in the vocabulary of project ``base``."""
    first = next(number)
    text = _PLAIN[first % 6].format(**_names(number, base))
    if first // 6 % 3 == 0:
        text += "\n\n" + _PLAIN[first // 18 % 6].format(**_names(number, base))
    return text


def diff(number: Iterator[int], base: int) -> str:
    """Return a change of one file of project ``base``."""
    head = next(number)
    old = _PLAIN[head % 6].format(**_names(number, base)).split("\n")
    new = _PLAIN[head % 6].format(**_names(number, base)).split("\n")
    path = f"{coined(base).lower()}/{_NOUNS[head // 6 % 20]}_{coined(head % 10_800).lower()}.py"
    keep = head // 120 % len(old)
    lines = [f"diff --git a/{path} b/{path}", f"@@ -{head % 400 + 1},{len(old)} @@"]
    lines += [f" {line}" for line in old[:keep]]
    lines += [f"-{line}" for line in old[keep:]]
    lines += [f"+{line}" for line in new[keep:]]
    return "\n".join(lines)
