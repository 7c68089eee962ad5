"""The policy file: TOML with a closed schema, read into a :class:`Policy`."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import fields, replace
from datetime import datetime  # noqa: TC003 - msgspec reads it
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import canonical
from stillwatch.stop.interface import FailMode, Mode, Rung
from stillwatch.stop.responses.places import place_of
from stillwatch.stop.responses.policy import DEFAULT, Links, Lost, MeasureRule, Policy, Shaping
from stillwatch.stop.serving.terms import Terms, Tier, Weights, a_day

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stillwatch.stop.serving.terms import Allowance

__all__ = ["parse_policy", "read_document"]

_MOST = 1 << 18
_Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,63}\Z")]
_Link = Annotated[str, Meta(pattern=r"^(https://[^\s@\"<>\\]{1,500})?\Z")]
_Key = Annotated[str, Meta(pattern=r"^[!-~]{0,200}\Z")]
_Share = Annotated[float, Meta(ge=0, le=1)]
_Units = Annotated[float, Meta(gt=0, le=1e9)]
_Thousandths = Annotated[int, Meta(ge=0, le=1_000_000)]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file."""


class _Allowance(_Section, frozen=True):
    units_a_day: _Units
    burst: _Units

    def made(self) -> Allowance:
        """Return it as the core takes it."""
        return a_day(self.units_a_day, self.burst)


class _Tier(_Allowance, frozen=True):
    name: _Name
    beyond: Literal["limit", "verify"] = "limit"
    levels: Annotated[list[str], Meta(max_length=64)] = []


class _Rungs(_Section, frozen=True):
    member: Literal["observe", "limit", "verify", "withhold", "cap", "mark"] = "limit"
    grey: Literal["observe", "limit"] = "observe"
    peer: Literal["observe", "limit", "verify"] = "limit"
    decoy: Literal["observe", "limit", "verify"] = "verify"
    mark: Literal["observe", "limit", "verify"] = "limit"


class _Limits(_Section, frozen=True):
    campaign: _Allowance | UnsetType = UNSET
    segment: _Allowance | UnsetType = UNSET
    network: _Allowance | UnsetType = UNSET
    unread: _Units = 1.0


class _Thresholds(_Section, frozen=True):
    member: Annotated[float, Meta(ge=0.5, le=1)] = 0.9
    peer_nats: Annotated[float, Meta(ge=3, le=100)] = 6.0


class _Campaign(_Section, frozen=True):
    id: Annotated[str, Meta(min_length=1, max_length=256)]
    rung: Literal["observe", "limit", "verify", "withhold", "cap", "mark", "refuse"] | UnsetType = (
        UNSET
    )
    watermark_key: _Key = ""


class _Fail(_Section, frozen=True):
    buckets: FailMode = FailMode.OPEN
    knowledge: FailMode = FailMode.OPEN
    core: FailMode = FailMode.OPEN


class _Measure(_Section, frozen=True):
    most_of_traffic: _Share | UnsetType = UNSET
    most_of_accounts: _Share | UnsetType = UNSET
    longest_hours: Annotated[float, Meta(gt=0, le=24 * 366)] | UnsetType = UNSET
    fail: _Fail = _Fail()


class _Measures(_Section, frozen=True):
    limit: _Measure = _Measure()
    verify: _Measure = _Measure()
    withhold: _Measure = _Measure()
    cap: _Measure = _Measure()
    mark: _Measure = _Measure()
    hold: _Measure = _Measure()
    decoy: _Measure = _Measure()
    perturb: _Measure = _Measure()
    refuse: _Measure = _Measure()


class _Links(_Section, frozen=True):
    appeal: _Link = ""
    terms: _Link = ""
    reasons: _Link = ""
    verification: _Link = ""


class _Shaping(_Section, frozen=True):
    max_tokens: Annotated[int, Meta(ge=16, le=1_000_000)] = 1024
    reasoning: Literal["summary", "none"] = "summary"
    opt_outs: Annotated[
        list[Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,3}\Z")]],
        Meta(max_length=16),
    ] = []
    hold: Annotated[int, Meta(ge=64, le=65_536)] = 2048
    hold_phrases: Annotated[
        list[Annotated[str, Meta(min_length=8, max_length=400)]], Meta(max_length=1000)
    ] = []
    decoy_model: _Key = ""
    perturbation: bool = False


class _File(_Section, frozen=True):
    version: Literal[1]
    mode: Mode = Mode.SHADOW
    until: datetime | UnsetType = UNSET
    two_above: Annotated[int, Meta(ge=1, le=1_000_000)] = 25
    lasts_hours: Annotated[float, Meta(gt=0, le=24 * 366)] = 168.0
    tiers: Annotated[list[_Tier], Meta(min_length=1, max_length=16)] | UnsetType = UNSET
    licensed: _Name = "licensed"
    rungs: _Rungs = _Rungs()
    limits: _Limits = _Limits()
    thresholds: _Thresholds = _Thresholds()
    weights: dict[str, _Thousandths] = {}
    campaigns: Annotated[list[_Campaign], Meta(max_length=10_000)] = []
    measures: _Measures = _Measures()
    links: _Links = _Links()
    shaping: _Shaping = _Shaping()


def read_document(path: Path) -> tuple[str, dict[str, Any]]:
    """Return a policy file's text, and what TOML makes of it.

    Raises:
        SourceNotFoundError: it cannot be opened.
        ConfigurationError: it is no TOML.
    """
    raw = read_small(path, "the policy", _MOST)
    try:
        text = raw.decode("utf-8")
        return text, tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unusable(f"the policy is no TOML: {error}", str(path)) from error


def parse_policy(text: str, document: Mapping[str, Any], where: str) -> Policy:
    """Return the policy that a document states, in shadow mode: nobody's signature was looked at.

    Args:
        text: of the file, for the line in an error.
        document: what TOML makes of it.
        where: name of the file.

    Raises:
        ConfigurationError: a key that does not exist, a value that is none of its key's, or
            sections that contradict each other.
    """
    try:
        file = msgspec.convert(document, _File)
        signed = canonical(_plain(document))
    except msgspec.ValidationError as error:
        key, line = place_of(text, str(error))
        raise _unusable(str(error), f"{where}, line {line}: {key}") from error
    except (RefusedError, RecursionError) as error:
        raise _unusable(f"the policy has no canonical form: {error}", where) from error
    terms = _terms(file, text, where)
    digest = hashlib.sha256(signed).hexdigest()
    if file.mode is Mode.ENFORCE and not file.links.appeal:
        raise _contradiction(
            "a policy that is enforced needs a link to appeal", "links", text, where
        )
    if max(map(len, file.shaping.hold_phrases), default=0) > file.shaping.hold:
        raise _contradiction("a phrase is longer than what is held", "shaping", text, where)
    until = 0
    if file.until is not UNSET:
        if file.until.tzinfo is None:
            raise _contradiction("the policy's end has no zone", "until", text, where)
        until = int(file.until.timestamp()) * 1_000_000
    return Policy(
        digest=digest,
        asked=file.mode,
        terms=replace(terms, digest=digest),
        until=until,
        links=Links(**_fields(file.links)),
        rules=MappingProxyType({rung: _rule(file, rung) for rung in DEFAULT.rules}),
        shaping=_shaping(file),
        two_above=file.two_above,
        document=signed,
    )


def _terms(file: _File, text: str, where: str) -> Terms:
    given = Terms()
    tiers, levels = given.tiers, dict(given.levels)
    if file.tiers is not UNSET:
        tiers, levels = _tiers(file.tiers, text, where)
    if file.licensed not in {tier.name for tier in tiers}:
        raise _contradiction(f"there is no tier {file.licensed!r}", "licensed", text, where)
    unknown = set(file.weights) - {item.name for item in fields(Weights)}
    if unknown:
        raise _contradiction(f"there is no weight {min(unknown)!r}", "weights", text, where)
    if len({campaign.id for campaign in file.campaigns}) < len(file.campaigns):
        raise _contradiction("a campaign is named twice", "campaigns", text, where)
    named = {item.id: _rung(item.rung) for item in file.campaigns if item.rung is not UNSET}
    limits = {
        name: allowance.made()
        for name in ("campaign", "segment", "network")
        if (allowance := getattr(file.limits, name)) is not UNSET
    }
    return replace(
        given,
        tiers=tiers,
        levels=MappingProxyType(levels),
        licensed=file.licensed,
        weights=replace(given.weights, **file.weights),
        unread=max(1, round(file.limits.unread * 1000)),
        member=file.thresholds.member,
        member_rung=_rung(file.rungs.member),
        campaign_rungs=MappingProxyType(named),
        grey_rung=_rung(file.rungs.grey),
        peer_nats=file.thresholds.peer_nats,
        peer_rung=_rung(file.rungs.peer),
        decoy_rung=_rung(file.rungs.decoy),
        mark_rung=_rung(file.rungs.mark),
        lasts=max(1, round(file.lasts_hours * 3600)),
        **limits,
    )


def _tiers(given: list[_Tier], text: str, where: str) -> tuple[tuple[Tier, ...], dict[str, str]]:
    tiers = tuple(Tier(tier.name, tier.made(), _rung(tier.beyond)) for tier in given)
    if len({tier.name for tier in tiers}) < len(tiers):
        raise _contradiction("two tiers have one name", "tiers", text, where)
    rates = [tier.allowance.rate for tier in tiers]
    if rates != sorted(rates):
        raise _contradiction("tiers are not in the order of their allowances", "tiers", text, where)
    if tiers[-1].beyond is Rung.VERIFY:
        raise _contradiction("beyond the last tier nothing can be verified", "tiers", text, where)
    levels: dict[str, str] = {}
    for tier in given:
        for level in tier.levels:
            if levels.setdefault(level, tier.name) != tier.name:
                raise _contradiction(f"two tiers have the level {level!r}", "tiers", text, where)
    return tiers, levels


def _shaping(file: _File) -> Shaping:
    keys = {item.id: item.watermark_key for item in file.campaigns if item.watermark_key}
    given = _fields(file.shaping) | {
        "opt_outs": tuple(file.shaping.opt_outs),
        "hold_phrases": tuple(file.shaping.hold_phrases),
    }
    return Shaping(**given, watermark_keys=MappingProxyType(keys))


def _rule(file: _File, rung: Rung) -> MeasureRule:
    given: _Measure = getattr(file.measures, rung.name.lower())
    rule = DEFAULT.rules[rung]
    return MeasureRule(
        rule.most_of_traffic if given.most_of_traffic is UNSET else given.most_of_traffic,
        rule.most_of_accounts if given.most_of_accounts is UNSET else given.most_of_accounts,
        rule.longest if given.longest_hours is UNSET else max(1, round(given.longest_hours * 3600)),
        MappingProxyType({lost: getattr(given.fail, lost.value) for lost in Lost}),
    )


def _rung(word: str) -> Rung:
    return Rung[word.upper()]


def _fields(section: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(section, name) for name in section.__struct_fields__}


def _plain(value: Any) -> Any:  # noqa: ANN401 - what TOML holds
    """Return TOML's values as JSON's: times become text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _contradiction(what: str, key: str, text: str, where: str) -> ConfigurationError:
    return _unusable(what, f"{where}, line {place_of(text, f'`$.{key}`')[1]}: {key}")


def _unusable(what: str, where: str) -> ConfigurationError:
    return ConfigurationError(what, where=where, todo="see docs/reference/policy.md")
