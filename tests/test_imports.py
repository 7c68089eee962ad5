"""Imports point one way: later parts use earlier ones (docs: CONTRIBUTING, the layout)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
BASE = {
    "records",
    "errors",
    "disk",
    "settings",
    "listening",
    "heads",
    "typesetting",
    "ledger",
    "store",
}
MAY_USE = {
    "records": set(),
    "errors": set(),
    "disk": {"errors"},
    "settings": {"errors"},
    "listening": {"errors"},
    "typesetting": {"errors"},
    "heads": set(),
    "ledger": {"records", "errors", "settings", "disk"},
    "store": BASE - {"store"},
    "find": BASE,
    "stop": BASE | {"find"},
    "share": BASE | {"find"},
    "prove": BASE | {"find"},
    "report": BASE | {"find", "stop", "share", "prove"},
    "worlds": BASE | {"find"},
    "testing": BASE | {"find", "stop", "share", "prove"},
    "cli": BASE | {"find", "stop", "share", "prove", "report", "worlds", "testing"},
    "__main__": {"cli"},
}
FIND = (
    "sources",
    "features",
    "receiving",
    "detectors",
    "campaigns",
    "signatures",
    "state",
    "streaming",
)
MODULES = sorted(SRC.rglob("*.py"))


def name_of(path):
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path, text=None):
    """Yield the stillwatch modules that a file imports anywhere, relative ones resolved."""
    package = name_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(text or path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "stillwatch")


def back_edges(path, text=None):
    own = name_of(path).split(".")
    for name in imported(path, text):
        other = name.split(".")
        if len(own) < 2 or len(other) < 2 or other[1] not in MAY_USE:
            continue  # the package itself: __version__
        if own[1] != other[1] and other[1] not in MAY_USE.get(own[1], set()):
            yield f"{'.'.join(own)} imports {name}"
        if own[1] == "worlds" and other[1:3] in (["find", "detectors"], ["find", "campaigns"]):
            yield f"{'.'.join(own)} imports {name}, an internal of the method it judges"
        if own[1] == other[1] == "find" and len(own) > 2 and len(other) > 2:
            ranks = [FIND.index(part) if part in FIND else None for part in (own[2], other[2])]
            if None not in ranks and ranks[1] > ranks[0]:
                yield f"{'.'.join(own)} imports {name}, which comes later"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_one_way(path):
    assert list(back_edges(path)) == []


def test_every_part_has_a_rule():
    parts = {
        path.stem
        for path in (SRC / "stillwatch").iterdir()
        if (path.is_dir() and path.name != "__pycache__") or path.suffix == ".py"
    }
    assert parts - {"__init__"} <= set(MAY_USE)


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("find/sources/x.py", "from stillwatch.find.features import text"),
        ("find/features/x.py", "def f():\n    from stillwatch.find import campaigns"),
        ("find/campaigns/x.py", "from ..signatures import match"),
        ("stop/x.py", "import stillwatch.share.hub"),
        ("share/x.py", "from stillwatch.prove import evidence"),
        ("records.py", "from stillwatch.find import sources"),
        ("find/x.py", "from stillwatch.report.documents import write_scan"),
        ("worlds/x.py", "from stillwatch.find.detectors.lock_step import LockStep"),
        ("worlds/x.py", "from stillwatch.cli import main"),
        ("__main__.py", "from stillwatch.find.campaigns import scan"),
        (
            "find/detectors/x.py",
            "if TYPE_CHECKING:\n    from stillwatch.find.campaigns import decide",
        ),
    ],
)
def test_back_edges_are_seen(module, text):
    assert len(list(back_edges(SRC / "stillwatch" / module, text))) == 1
