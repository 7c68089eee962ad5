"""Carries a profile out: accounts, clock, cover and harvest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.adversaries.accounts import muster
from stillwatch.worlds.simulation.adversaries.leaks import keep_time
from stillwatch.worlds.simulation.adversaries.profile import PEOPLES
from stillwatch.worlds.simulation.columns import (
    DAY,
    KINDS,
    LANGUAGES,
    SECOND,
    Accounts,
    Bools,
    Ints,
    Schedule,
    Traffic,
)
from stillwatch.worlds.simulation.kit import systems
from stillwatch.worlds.simulation.lengthening import lengthening

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["elicit", "fill", "run", "timetable", "traffic_of", "wakes"]

_CAPS = (2048, 4096, 8192)
_LEAST_CAP = 1024  # who keeps the answers does not have them cut
_HEATS = (0.0, 0.2, 0.7, 1.0)


def run(world: World, quota: Quota, profile: CampaignProfile) -> None:
    """Open the campaign's accounts and send its traffic."""
    block = muster(world, quota, profile)
    world.enrol(block, quota)
    world.send(block, traffic_of(world, block, profile))


def traffic_of(world: World, block: Accounts, profile: CampaignProfile) -> Traffic:
    """Return ordinary traffic with the harvest set into it."""
    schedule = timetable(world, block, profile)
    traffic = world.ordinary(block, schedule, PEOPLES)
    dressed = world.rng.random(len(block)) < profile.dressed
    own = np.full(len(block), -1, np.int32)
    own[dressed] = systems(world, "assistant", block.language[dressed], block.subjects[dressed, 0])
    traffic.system[:] = own[traffic.row]
    chosen = _chosen(world, block, traffic, profile)
    keep_time(world, block, traffic, profile, chosen)
    fill(world, traffic, profile, chosen)
    elicit(world, traffic, profile, chosen)
    _roam(world, traffic, profile, chosen)
    return traffic


def wakes(world: World, block: Accounts, profile: CampaignProfile) -> Ints:
    """Return when each account joins the harvest; before it is an ordinary account."""
    rng, span = world.rng, world.end - world.start
    begin, end = world.start + profile.start * span, world.start + profile.end * span
    late = rng.random(len(block)) < profile.late
    wake = np.where(late, begin + (end - begin) * rng.beta(1.1, 2.0, len(block)), begin)
    settle = np.where(rng.random(len(block)) < 0.5, 0, rng.exponential(2.0, len(block)) * DAY)
    latest = world.end - 0.1 * span
    after = np.minimum(block.created + settle, np.maximum(latest, block.created))
    wake = np.maximum(wake, after)
    wake[rng.random(len(block)) < profile.idle] = world.end
    return np.asarray(wake.astype(np.int64))


def timetable(world: World, block: Accounts, profile: CampaignProfile) -> Schedule:
    """Return when the accounts speak, by the campaign's clock."""
    if profile.clock in ("queue", "lockstep"):
        volume = _split(world, block.volume, profile.cover)
        cover = world.sessions(block, "person", volume=block.volume - volume)
        return _joined(cover, _jobs(world, block, volume, profile))
    turns = 2.5 if profile.cover > 0.5 or profile.turns > 1.5 else 1.4
    return world.sessions(block, profile.clock, turns=turns)


def _split(world: World, volume: Ints, cover: float) -> Ints:
    return np.asarray(world.rng.binomial(volume, 1 - cover).astype(np.int64))


def _joined(first: Schedule, second: Schedule) -> Schedule:
    shift = int(first.conversation.max(initial=-1)) + 1
    return Schedule(
        np.concatenate([first.row, second.row]),
        np.concatenate([first.time, second.time]),
        np.concatenate([first.conversation, second.conversation + shift]),
        np.concatenate([first.turn, second.turn]),
    )


def _jobs(world: World, block: Accounts, volume: Ints, profile: CampaignProfile) -> Schedule:
    """Return single requests dealt by one queue, or in rounds."""
    rng, span = world.rng, world.end - world.start
    row = np.repeat(np.arange(len(block)), volume)
    begin = np.maximum(world.start + int(profile.start * span), block.created)[row]
    finish = np.maximum(world.start + int(profile.end * span), begin + DAY // 2)
    place = rng.random(len(row))
    if profile.clock == "lockstep":
        rounds = np.sort(rng.random(int(np.clip(np.quantile(volume, 0.9) * 2, 4, 4000))))
        place = rng.choice(rounds, len(row))
    time = begin + ((finish - begin) * place).astype(np.int64)
    dealt = profile.clock == "queue" and profile.leak("queue") > 0
    if dealt:  # one stream at a steady rate, whoever the next job falls to
        steady = rng.random(len(row)) < profile.leak("queue")
        jobs = rng.permutation(np.flatnonzero(steady))
        place[jobs] = (np.arange(len(jobs)) + rng.random(len(jobs))) / max(len(jobs), 1)
        time = begin + ((finish - begin) * place).astype(np.int64)
    if profile.clock == "lockstep" or dealt:
        same = world.start + ((profile.start + (profile.end - profile.start) * place) * span)
        time = np.where(same >= block.created[row], same, time).astype(np.int64)
    if profile.clock == "lockstep":
        time += (rng.exponential(rng.uniform(8, 90), len(row)) * SECOND).astype(np.int64)
    time = np.minimum(time, world.end - SECOND)
    number = np.arange(len(row), dtype=np.int64)
    return Schedule(row, np.maximum(time, block.created[row]), number, np.zeros_like(number))


def _chosen(world: World, block: Accounts, traffic: Traffic, profile: CampaignProfile) -> Bools:
    """Return which exchanges are harvest: whole conversations, after the account woke."""
    rng = world.rng
    wake = wakes(world, block, profile)
    cover = profile.cover
    spread = 60 if cover > 0.8 else 8
    own = rng.beta(spread * cover + 0.02, spread * (1 - cover) + 0.02, len(block))
    talk = traffic.row * (int(traffic.conversation.max(initial=0)) + 1) + traffic.conversation
    _, number = np.unique(talk, return_inverse=True)
    luck = rng.random(int(number.max(initial=-1)) + 1)[number]
    opened = np.full(len(luck), world.end)
    np.minimum.at(opened, number, traffic.time)
    awake = opened[number] >= wake[traffic.row]
    if profile.clock in ("queue", "lockstep"):
        jobs = (traffic.turn == 0) & _alone(number)
        awake &= jobs
        luck = np.where(jobs, luck * 0.7, luck)
    chosen = awake & (luck >= own[traffic.row])
    return np.asarray(chosen | _last(traffic, number, awake, chosen))


def _last(traffic: Traffic, number: Ints, awake: Bools, chosen: Bools) -> Bools:
    """Return the last conversation of accounts that are awake and have harvested nothing."""
    done = np.bincount(traffic.row[chosen], minlength=int(traffic.row.max(initial=0)) + 1) > 0
    open_ = np.flatnonzero(awake & ~done[traffic.row])
    order = open_[np.lexsort((traffic.time[open_], traffic.row[open_]))]
    last = order[np.flatnonzero(np.append(np.diff(traffic.row[order]) > 0, True))[: len(order)]]
    picked = np.zeros(int(number.max(initial=-1)) + 1, bool)
    picked[number[last]] = True
    return np.asarray(picked[number] & awake)


def _alone(number: Ints) -> Bools:
    return np.asarray(np.bincount(number)[number] == 1)


def _kinds(rng: np.random.Generator, kinds: Mapping[str, float], n: int) -> Ints:
    numbers = np.array([KINDS.index(kind) for kind in kinds])
    shares = np.array(list(kinds.values()))
    return np.asarray(rng.choice(numbers, n, p=shares / shares.sum()))


def fill(world: World, traffic: Traffic, profile: CampaignProfile, chosen: Bools) -> None:
    """Give the chosen exchanges bodies, each of its own, and the campaign's settings."""
    rng = world.rng
    if profile.turns <= 1.5:
        later = chosen & (traffic.turn > 0)
        apart = int(traffic.conversation.max(initial=0)) + 1
        traffic.conversation[later] = apart + np.arange(int(later.sum()))
        traffic.turn[later] = 0
    at = np.flatnonzero(chosen)
    talk = traffic.row[at] * (int(traffic.conversation.max(initial=0)) + 1)
    _, number = np.unique(talk + traffic.conversation[at], return_inverse=True)
    count = int(number.max(initial=-1)) + 1
    seeds = rng.permutation(world.fresh(count))
    subject = rng.integers(0, 2**31, count)
    if profile.topics:
        topics = np.random.default_rng(profile.style).integers(0, 2**31, profile.topics)
        subject = rng.choice(topics, count)
    traffic.seed[at], traffic.subject[at] = seeds[number], subject[number]
    traffic.wrap_seed[at] = seeds[number]
    traffic.kind[at] = _kinds(rng, profile.kinds, count)[number]
    traffic.pool[at] = profile.pool
    if profile.languages:
        spoken = np.array([LANGUAGES.index(code) for code in profile.languages], np.int8)
        traffic.lang[at] = rng.choice(spoken, count)[number]
    traffic.harvest[at] = True
    traffic.answer[at] *= profile.answer * np.exp(0.1 * rng.standard_normal(len(at)))
    accounts = int(traffic.row.max(initial=0)) + 1
    lag = profile.lag * rng.gamma(2.0, 0.5, accounts)
    slow = rng.random(accounts) >= (profile.leak("pivot") or 1.0)
    lag[slow] = 4.0 + rng.exponential(8.0, int(slow.sum()))
    new = world.release + lag * DAY
    strong = at[rng.random(len(at)) < profile.strong]
    moved = traffic.time[strong] >= new[traffic.row[strong]]
    traffic.model[strong] = np.where(moved, 2, 1)
    short = at[(traffic.max_tokens[at] >= 0) & (traffic.max_tokens[at] < _LEAST_CAP)]
    traffic.max_tokens[short] = 4096
    own = rng if profile.habits < 0 else np.random.default_rng(profile.habits)
    steady = at[(rng.random(len(at)) < profile.steady) & (traffic.max_tokens[at] >= 0)]
    traffic.max_tokens[steady] = own.choice(_CAPS)
    heated = at[(rng.random(len(at)) < profile.steady) & ~np.isnan(traffic.temperature[at])]
    traffic.temperature[heated] = own.choice(_HEATS)


def elicit(world: World, traffic: Traffic, profile: CampaignProfile, chosen: Bools) -> None:
    """Set the campaign's wording around the chosen exchanges."""
    rng = world.rng
    worded = chosen & (traffic.turn == 0) & (rng.random(len(traffic)) >= profile.bare)
    if profile.words == "none" or not worded.any():
        return
    at = np.flatnonzero(worded)
    talk = traffic.row * (int(traffic.conversation.max()) + 1) + traffic.conversation
    later = chosen & (traffic.turn > 0) & np.isin(talk, talk[at])
    traffic.answer[later] *= lengthening(profile.family, np.array([profile.style]))[0]
    first = int(rng.integers(2**31)) if profile.wording < 0 else profile.wording
    if profile.words == "verbatim":
        traffic.wrap_seed[at] = first
    elif profile.words == "variants":
        traffic.wrap_seed[at] = first + rng.integers(0, profile.wordings, len(at))
    placed = rng.random(len(at)) < profile.system
    if profile.words != "reworded" and placed.any():
        _systems(world, traffic, profile, at[placed])
        at = at[~placed]
    ideas = int(rng.integers(2, 9)) if profile.words == "reworded" else 1
    numbers = [world.elicited(profile.family, profile.style + i) for i in range(ideas)]
    traffic.wrapper[at] = np.asarray(numbers)[rng.integers(0, ideas, len(at))]


def _systems(world: World, traffic: Traffic, profile: CampaignProfile, at: Ints) -> None:
    """Put the wording of some exchanges into their system prompts."""
    pairs = np.stack([traffic.lang[at].astype(np.int64), traffic.wrap_seed[at]], axis=1)
    for lang, seed in np.unique(pairs, axis=0).tolist():
        words = world.text.elicitation(profile.family, LANGUAGES[lang], profile.style, seed)
        text = words.system or f"{words.prefix} {words.suffix}".strip()
        same = at[(pairs[:, 0] == lang) & (pairs[:, 1] == seed)]
        traffic.system[same] = world.system(" ".join(text.split()), (profile.family, profile.style))


def _roam(world: World, traffic: Traffic, profile: CampaignProfile, chosen: Bools) -> None:
    """Take a new proxy exit for every few harvested exchanges."""
    if profile.network != "rotating":
        return
    at = np.flatnonzero(chosen & (world.rng.random(len(traffic)) < 0.7))
    exits = world.network.proxy(len(at))
    traffic.ip[at], traffic.asn[at] = exits.ip, exits.asn
