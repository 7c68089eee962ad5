"""Media types: what a client accepts, and what it says that it sends."""

from __future__ import annotations

__all__ = ["accepts", "is_of"]

_FULL = "application/taxii+json"
_USUAL = frozenset({"", "*/*", _FULL, f"{_FULL};version=2.1"})


def accepts(header: str) -> bool:
    """Say whether an Accept header takes TAXII 2.1 (RFC 9110, section 12.5.1).

    Nothing said is everything; TAXII without a version is the newest.

    >>> accepts("application/taxii+json;version=2.1"), accepts("text/html"), accepts("*/*;q=0")
    (True, False, False)
    """
    if header in _USUAL:
        return True
    best: dict[int, float] = {}
    for part in header.split(","):
        kind, parameters = _parts(part)
        rank = {_FULL: 2, "application/*": 1, "*/*": 0}.get(kind)
        weight = _weight(parameters.pop("q", "1"))
        if rank is None or parameters.get("version", "2.1") != "2.1":
            continue
        best[rank] = max(weight, best.get(rank, 0.0))
    return best[max(best)] > 0 if best else False


def is_of(header: str, kind: str) -> bool:
    """Say whether a Content-Type is a surface's own; a version, where given, must be its.

    >>> TAXII = "application/taxii+json;version=2.1"
    >>> is_of("application/taxii+json; version=2.1", TAXII), is_of("application/json", TAXII)
    (True, False)
    """
    if header == kind:
        return True
    given, parameters = _parts(header)
    wanted, own = _parts(kind)
    return given == wanted and parameters.get("version", "2.1") == own.get("version", "2.1")


def _parts(text: str) -> tuple[str, dict[str, str]]:
    kind, *rest = text.split(";")
    pairs = (part.partition("=") for part in rest)
    return kind.strip().lower(), {
        name.strip().lower(): value.strip().strip('"') for name, _, value in pairs if name.strip()
    }


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
