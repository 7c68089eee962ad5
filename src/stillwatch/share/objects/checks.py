"""The rules that an object alone can break, after its form was found right."""

from __future__ import annotations

import ipaddress
import itertools
import re
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import UNSET, UnsetType

from stillwatch.share.objects.content import Behaviour, Network, Pseudonym, Sketch
from stillwatch.share.objects.fields import EXTENSION_ID, GRID
from stillwatch.share.objects.fixed import EXTENSION, TLP, TLP_1, TLP_IDS
from stillwatch.share.objects.life import LIVES, kind_of
from stillwatch.share.objects.patterns import pattern_of
from stillwatch.share.objects.record import (
    ExtensionDefinition,
    Identity,
    Indicator,
    MarkingDefinition,
    Sighting,
)
from stillwatch.share.objects.rules import RuleError
from stillwatch.share.objects.screen import screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.share.objects.content import Content
    from stillwatch.share.objects.record import Object

__all__ = ["check", "seconds"]

_FIELDS: Final = f"$.extensions.{EXTENSION_ID}"
_CONTENT: Final = f"{_FIELDS}.content"
_DAY: Final = 86_400.0
_HOUR: Final = 3_600.0
_GRID: Final = frozenset(GRID)
_JA4 = re.compile(r"[tqd][0-9a-z]{2}[di][0-9]{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}")
_ASN = re.compile(r"[1-9][0-9]{0,9}")
_HASH = re.compile(r"[0-9a-f]{16}")
_PREFIXES = {4: (16, 24), 6: (32, 48)}


@lru_cache(4_096)
def seconds(time: str, where: str = "") -> float:
    """Return the seconds since 1970 of a time of the wire's form.

    Raises:
        RuleError: X-12: there is no such day or minute.

    >>> seconds("2026-11-22T00:00:00.500Z")
    1795305600.5
    """
    try:
        return datetime.fromisoformat(time).timestamp()
    except ValueError:
        raise RuleError("X-12", where=where) from None


def check(item: Object) -> None:
    """Check an object whose form is right.

    Raises:
        RuleError: with the rule that it breaks.
    """
    if isinstance(item, Indicator):
        _indicator(item)
    elif isinstance(item, Sighting):
        _sighting(item)
    elif isinstance(item, Identity):
        _versions(item.created, item.modified)
        screen(item.name, "$.name")
        if not isinstance(item.object_marking_refs, UnsetType):
            _marking(item.object_marking_refs)
    else:
        _fixed(item)


def _fixed(item: MarkingDefinition | ExtensionDefinition) -> None:
    wanted = (
        TLP.get(item.extensions.tlp.tlp_2_0) if isinstance(item, MarkingDefinition) else EXTENSION
    )
    if item != wanted:
        raise RuleError("X-30", where="$")


def _indicator(item: Indicator) -> None:
    fields = item.fields
    content = fields.content
    tlp = _marking(item.object_marking_refs)
    keyed = not isinstance(content, Network) or content.entity == "client"
    if keyed and tlp in ("clear", "green"):
        raise RuleError("X-27", where="$.object_marking_refs")
    _audience(fields.audience, tlp)
    modified = _versions(item.created, item.modified)
    _seen(fields.first_seen, fields.last_seen, modified, _FIELDS)
    begins = seconds(item.valid_from, "$.valid_from")
    ends = seconds(item.valid_until, "$.valid_until")
    if ends <= begins:
        raise RuleError("X-31", where="$.valid_until")
    if ends - begins > LIVES[kind_of(content)].longest * _DAY:
        longest = LIVES[kind_of(content)].longest
        raise RuleError(
            "X-32", f"a {kind_of(content)} lives {longest} days at most", where="$.valid_until"
        )
    _recall(item, modified)
    _content(content)
    if item.pattern != pattern_of(content):
        screen(item.pattern, "$.pattern")  # to name what somebody put there
        raise RuleError("X-37", where="$.pattern")
    if fields.note is not UNSET:
        screen(fields.note, f"{_FIELDS}.note")


def _sighting(item: Sighting) -> None:
    fields = item.fields
    tlp = _marking(item.object_marking_refs)
    _audience(fields.audience, tlp)
    modified = _versions(item.created, item.modified)
    if isinstance(item.first_seen, str) or isinstance(item.last_seen, str):
        _seen(item.first_seen or item.last_seen, item.last_seen or item.first_seen, modified, "$")
    if fields.outcome in ("false-positive", "contested") and fields.grounds is UNSET:
        raise RuleError("X-42", where=f"{_FIELDS}.grounds")
    if item.where_sighted_refs is not UNSET and item.where_sighted_refs != [item.created_by_ref]:
        raise RuleError("X-43", where="$.where_sighted_refs")
    if fields.note is not UNSET:
        screen(fields.note, f"{_FIELDS}.note")


def _marking(markings: Sequence[str]) -> str:
    if len(markings) != 1:
        raise RuleError("X-25", where="$.object_marking_refs")
    tlp = TLP_IDS.get(markings[0])
    if tlp is None:
        what = "the marking is of TLP 1.0" if markings[0] in TLP_1 else ""
        raise RuleError("X-26", what, where="$.object_marking_refs[0]")
    return tlp


def _audience(audience: list[str] | UnsetType, tlp: str) -> None:
    where = f"{_FIELDS}.audience"
    if audience is UNSET:
        if tlp == "red":
            raise RuleError("X-28", where=where)
        return
    if not _ascend(audience):
        raise RuleError("X-29", where=where)


def _versions(created: str, modified: str) -> float:
    at = seconds(modified, "$.modified")
    if seconds(created, "$.created") > at:
        raise RuleError("X-34", where="$.created")
    return at


def _seen(first: str | UnsetType, last: str | UnsetType, modified: float, where: str) -> None:
    begins = seconds(str(first), f"{where}.first_seen")
    ends = seconds(str(last), f"{where}.last_seen")
    if not begins <= ends <= modified:
        raise RuleError("X-33", where=f"{where}.last_seen")


def _recall(item: Indicator, modified: float) -> None:
    recall = item.fields.recall
    where = f"{_FIELDS}.recall"
    if recall is not UNSET and item.revoked is not True:
        raise RuleError("X-35", where=where)
    if recall is not UNSET:
        left = seconds(recall.deadline, f"{where}.deadline") - modified
        if not _HOUR <= left <= 30 * _DAY:
            raise RuleError("X-36", where=f"{where}.deadline")


def _content(content: Content) -> None:
    if isinstance(content, Pseudonym):
        return
    if isinstance(content, Network):
        _network(content)
    elif isinstance(content, Sketch):
        _pieces(content, ("weights",))
    else:
        _pieces(content, ("weights", "mine", "others"))
        _behaviour(content)


def _pieces(content: Sketch | Behaviour, beside: tuple[str, ...]) -> None:
    if not _ascend(content.pieces):
        raise RuleError("X-40", where=f"{_CONTENT}.pieces")
    for name in beside:
        if len(getattr(content, name)) != len(content.pieces):
            raise RuleError("X-40", where=f"{_CONTENT}.{name}")


def _behaviour(content: Behaviour) -> None:
    others = {
        "others": content.others,
        "levels.others_exchanges": content.levels.others_exchanges,
        "levels.others_accounts": content.levels.others_accounts,
    }
    for name in ("clients", "blocks"):
        found = getattr(content, name)
        if found is not UNSET:
            others[name] = [entity.others for entity in found]
            if not _ascend([entity.value for entity in found]):
                raise RuleError("X-40", where=f"{_CONTENT}.{name}")
    for name, shares in others.items():
        if not _GRID.issuperset(shares):
            raise RuleError("X-24", where=f"{_CONTENT}.{name}")


def _network(content: Network) -> None:
    value, where = content.value, f"{_CONTENT}.value"
    forms = {"asn": _ASN, "ja4": _JA4, "client": _HASH}
    if content.entity == "prefix":
        _prefix(value, where)
    elif not forms[content.entity].fullmatch(value) or (
        content.entity == "asn" and not _public_asn(int(value))
    ):
        raise RuleError("X-38", where=where)
    keyed = content.entity == "client"
    if (content.epoch is not UNSET) != keyed or (content.key is not UNSET) != keyed:
        raise RuleError("X-39", where=f"{_CONTENT}.epoch")
    if content.others not in _GRID:
        raise RuleError("X-24", where=f"{_CONTENT}.others")


def _public_asn(number: int) -> bool:
    """Say whether a system may be announced (RFC 6996, RFC 7300)."""
    return number <= 4_199_999_999 and not 64_512 <= number <= 65_535 and number != 23_456


def _prefix(value: str, where: str) -> None:
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        raise RuleError("X-38", where=where) from None
    shortest, longest = _PREFIXES[network.version]
    if network.prefixlen == network.max_prefixlen:
        raise RuleError("X-18", where=where)
    if (
        not shortest <= network.prefixlen <= longest
        or str(network) != value
        or not network.is_global
    ):
        raise RuleError("X-38", where=where)


def _ascend(values: Sequence[str]) -> bool:
    return all(one < other for one, other in itertools.pairwise(values))
