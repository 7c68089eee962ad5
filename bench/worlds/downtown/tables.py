"""The tables of tables.txt: phrase banks of twelve languages, templates, networks, clients, cohorts."""

from pathlib import Path
from types import SimpleNamespace

RAW: dict[str, list[str]] = {}
for _line in (Path(__file__).parent / "tables.txt").read_text(encoding="utf-8").split("\n"):
    if _line.startswith("["):
        _section = RAW.setdefault(_line.strip("[]"), [])
    elif _line and not _line.startswith("#"):
        _section.append(_line)


def named(lines):
    return dict(line.split(": ", 1) for line in lines)


def slots(section):
    """Name: slots parted by `#`, alternatives by `|`; `~` is a line break."""
    return {k: v.replace("~", "\n").split("#") for k, v in named(RAW[section]).items()}


def bank(lines):
    """A language: `|` between phrases, `;` between the ten subjects of the nouns."""
    parts = named(p.strip() for line in lines for p in line.split(" # "))
    out = {k: v.split("|") for k, v in parts.items()}
    return out | {"nouns": [group.split("|") for group in parts["nouns"].split(";")]}


def spec(line):
    fields = "name share size links born life clock turns mu sigma words plan traits".split()
    s = SimpleNamespace(**dict(zip(fields, line.split())))
    s.links, s.traits, s.words = s.links.split(","), s.traits.split(","), s.words.split(":")
    s.turns, s.mu, s.sigma, s.share = (float(x) for x in (s.turns, s.mu, s.sigma, s.share))
    s.lo, s.hi = map(int, s.size.split("-"))
    return s


def kind(line):
    fields = "name weight mu sigma cover like origin net clock tasks style turns".split()
    k = SimpleNamespace(**dict(zip(fields, line.split())))
    k.weight, k.mu, k.sigma, k.turns = (float(x) for x in (k.weight, k.mu, k.sigma, k.turns))
    return k


BANK = {k.split()[1]: bank(v) for k, v in RAW.items() if k.startswith("bank ")}
STYLE, SHARED = slots("style"), slots("shared")
KEYS, OPS, SYSTEM = RAW["keys"], named(RAW["ops"]), named(RAW["system"])
KINDS = list(map(kind, RAW["kinds"]))
SPECS = {s.name: s for s in map(spec, RAW["cohorts"])}

# code: hours from UTC, weight, languages, home networks, mobile networks, mail domains
PLACES = {}
for _code, _text in named(RAW["places"]).items():
    _head, *_rest = _text.split(" / ")
    PLACES[_code] = (*map(float, _head.split()), *_rest)

# family: channel, user agent ({v}, {w}: the version of the week), number of TLS variants
CLIENTS = {}
for _code, _text in named(RAW["clients"]).items():
    _variants, _channel, _agent = _text.split(" ", 2)
    CLIENTS[_code] = (_channel, _agent, int(_variants))

HOURS = {k: [int(c) for c in v] for k, v in named(RAW["hours"]).items()}
WORDS = {k: v.split(" ") for k, v in named(RAW["lists"]).items()}
PEOPLE_DECKS, DISTILL_DECKS, TARGETS = WORDS["people"], WORDS["distill"], WORDS["targets"]
NAMES, ANDROIDS, STUDY = WORDS["names"], WORDS["androids"], WORDS["study"]
CLOUDS, VPNS = ([int(x) for x in WORDS[k]] for k in ("clouds", "vpns"))
