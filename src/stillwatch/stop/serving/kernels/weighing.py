"""One request in one compiled call: sketch, match, remember, and price.

What the numbers mean is told in docs/explanation/limits-by-value.md.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from stillwatch.find.features.hashing import fold, mix
from stillwatch.find.features.pieces import piece_at
from stillwatch.find.features.text import KIND_SENTENCE, pieces_of
from stillwatch.find.features.veil import veiled
from stillwatch.stop.serving.kernels import accounts as of
from stillwatch.stop.serving.kernels.addresses import known_of, pieces_at, scratch_of, state_of
from stillwatch.stop.serving.kernels.known import known_at
from stillwatch.stop.serving.kernels.panes import PANE
from stillwatch.stop.serving.kernels.segments import count_crowd, hold, holders_of, segment_at

__all__ = [
    "COST",
    "EXPECTED",
    "HITS",
    "HOLDERS",
    "KNOWN",
    "LICENSED",
    "NOVEL",
    "OWED",
    "PROMPT",
    "SEGMENT",
    "SHARED",
    "learn",
    "owe",
    "segments_of",
    "weigh_one",
    "worth_of",
]

COST, PROMPT, EXPECTED, NOVEL, HOLDERS, SEGMENT, SHARED, HITS, KNOWN, OWED = range(10)
"""What a call tells, int64: cost, thousandths; tokens of the prompt; tokens expected; share of its
segments that is new, thousandths; holders of the shared ones, thousandths; the segment that stands
for them, its bits, or 0; part of the cost that is due to sharing; pieces found; row of what is
known of the account, -1 where nothing is; part of the cost that is for earlier answers."""

LICENSED = 1
"""Flag of a licensed distiller, whose text makes nobody a holder."""
_RARE_AT_LEAST = 64.0
"""Holders below which no segment is popular, however small the crowd."""
_MOST_TOKENS = np.int64(1) << 24
_BYTES_A_TOKEN = 4
"""In every script: a prompt's length must not depend on whose tokeniser fits its language."""


@nb.njit(cache=True, nogil=True)
def segments_of(facets, kinds, count, whole, out):
    """Join the facets of a prompt into longer segments; return how many.

    Whole sentences stand for themselves.  A window of three words is nobody's own; three windows
    that follow each other, about seven words, are as rare as a sentence.

    Args:
        facets: (FACETS,) uint64, of which ``count`` are filled, kind by kind, in text order.
        kinds: (FACETS,) uint8.
        count: number of facets.
        whole: hash of the whole text, the only segment of one that has no facet.
        out: (FACETS,) uint64, filled.
    """
    many = 0
    start = 0
    while start < count:
        kind, end = kinds[start], start
        while end < count and kinds[end] == kind:
            end += 1
        if kind == KIND_SENTENCE:
            for i in range(start, end):
                out[many] = facets[i]
                many += 1
        else:
            base = np.uint64(kind) * np.uint64(0x9E3779B97F4A7C15)
            for i in range(start, max(end - 2, start + 1)):
                state = base
                for j in range(i, min(i + 3, end)):
                    state = fold(state, facets[j])
                out[many] = mix(state)
                many += 1
        start = end
    if many == 0 and whole != 0:
        out[0] = whole
        many = 1
    return many


@nb.njit(cache=True, nogil=True)
def worth_of(output, prompt, echo, length):
    """Return what an answer is worth by its length, thousandths of a unit.

    Args:
        output: tokens of the answer.
        prompt: tokens of the prompt; as many of the answer count as its echo.
        echo: least share of the answer that is new, thousandths.
        length: new tokens at which each is worth half.

    >>> worth_of(500, 100, 125, 400), worth_of(100, 100, 125, 400)
    (200.0, 0.34951456310679613)
    """
    new = np.float64(max(output - prompt, output * echo // 1000))
    return new * new / max(new + length, 1.0)


@nb.njit(cache=True, nogil=True)
def _match(low, high, pieces, facets, count, found):
    """Look the facets of a prompt up among shared pieces; return how many were found."""
    hits = 0
    if pieces.known.size == 0:
        return hits
    for i in range(count):
        value = facets[i]
        if low != 0 or high != 0:
            value = veiled(value, low, high)
        place = piece_at(value, pieces.known, pieces.slots, pieces.bitmap, pieces.seed)
        if place >= 0:
            found[hits] = place
            hits += 1
    return hits


@nb.njit(cache=True, nogil=True)
def _spread(state, at, pane, segments, many, again, holder, cleared, licensed, popular, told):
    """Remember the segments of a prompt; return how many doublings of holders they tell of.

    A holder of a segment is who sent it in two different texts: what is sent once is a body, what
    comes back is a template.  Who was looked at and cleared makes no crowd, so that public
    templates stay cheap; and a licensed account makes nobody else a copier.
    """
    novel, shared = 0, 0
    most, second = 0.0, 0.0
    stands = np.uint64(0)
    for i in range(many):
        segment = segments[i]
        mine = of.see(state.seen, at, segment, pane)
        everybody, others = 0.0, 0.0
        if not licensed:
            cell = segment_at(state.cells, segment, pane)
            if mine and not again:
                everybody, others, fresh = hold(state.cells, cell, segment, holder, cleared)
                if not fresh and others >= 1.0:
                    others -= 1.0
            else:
                everybody, others = holders_of(state.cells, cell)
        if everybody < 0.5 and not mine:
            novel += 1
        # with this one, three; and not a template most of whose holders scans have cleared
        if others < 1.9 or everybody >= popular or 2.0 * others < everybody:
            continue
        shared += 1
        if stands == 0 or segment < stands:
            stands = segment
        if others > most:
            most, second = others, most
        elif others > second:
            second = others
    told[NOVEL] = novel * 1000 // max(many, 1)
    told[HOLDERS] = 0
    told[SEGMENT] = 0
    if shared < 2 or cleared:  # one alone may be a quotation
        return 0.0
    told[HOLDERS] = np.int64((second + 1.0) * 1000)
    told[SEGMENT] = np.int64(stands)
    return np.log2((second + 1.0) / 2.0)


@nb.njit(cache=True, nogil=True)
def weigh_one(
    text,
    account,
    now,
    cap,
    choices,
    reasoning,
    structured,
    weights,
    known_lies,
    pieces_lie,
    state_lies,
    scratch_lies,
):
    """Take one request into the state and price it.

    Args:
        text: the prompt, UTF-8, uint8.
        account: keyed hash, not 0.
        now: seconds since 1970.
        cap: max_tokens, -1 where not given.
        choices: answers asked for.
        reasoning: 1 where a trace is asked for.
        structured: 1 where a schema is asked for.
        weights: (15,) int64: the policy's, in the order of ``Weights``, of which the last, up to
            which a scan's verdict clears an account, is in ten-thousandths; then the seed of the
            sketch and the two halves of the veil's key, which are 0 where there is no veil.
        known_lies: addresses of ``KnownTables``.
        pieces_lie: of ``PieceTables``.
        state_lies: of ``StateTables``, changed.
        scratch_lies: of ``Scratch``, filled; ``told`` and ``found`` are the result.
    """
    known, pieces = known_of(known_lies), pieces_at(pieces_lie)
    state, scratch = state_of(state_lies), scratch_of(scratch_lies)
    seed, low, high = np.uint64(weights[12]), np.uint64(weights[13]), np.uint64(weights[14])
    told = scratch.told
    _, count, whole = pieces_of(
        text,
        0,
        text.size,
        seed,
        0,
        scratch.tokens,
        scratch.weights,
        scratch.marks,
        scratch.form,
        scratch.facets,
        scratch.kinds,
    )
    row = known_at(known.slots, known.places, account)
    holder, licensed, cleared = account, False, False
    if row >= 0:
        if known.holders[row] != 0:
            holder = known.holders[row]
        licensed = (known.rows[row, 3] & LICENSED) != 0
        cleared = known.rows[row, 0] < 0 and 0 <= known.rows[row, 1] <= weights[11]
    told[KNOWN] = row
    told[HITS] = _match(low, high, pieces, scratch.facets, count, scratch.found)

    counts = state.counts
    at = of.account_at(state.keys, counts, state.seen, account, now)
    of.roll(counts, state.seen, at, now // PANE)
    pane = np.int64(counts[at, of.PANE_NUMBER])
    counts[at, of.LAST] = max(np.int64(counts[at, of.LAST]), now)
    many = segments_of(scratch.facets, scratch.kinds, count, whole, scratch.segments)
    everybody = count_crowd(state.crowd, state.crowd_told, holder, now)
    popular = max(_RARE_AT_LEAST, everybody * weights[9] / 1000.0)
    # a text that is sent again (a retry, a turn that an agent resends) makes nobody a holder
    again = many > 1 and of.see(state.seen, at, whole, pane)
    doublings = _spread(
        state, at, pane, scratch.segments, many, again, holder, cleared, licensed, popular, told
    )
    doublings = min(doublings, np.float64(weights[8]))

    output = np.int64(counts[at, of.OUTPUT]) + np.int64(counts[at, of.OUTPUT + 1])
    answers = np.int64(counts[at, of.ANSWERS]) + np.int64(counts[at, of.ANSWERS + 1])
    expected = (output + weights[1] * weights[0]) // max(answers + weights[1], 1)
    if cap >= 0:
        expected = min(expected, cap)
    expected = min(expected * max(choices, 1), _MOST_TOKENS)
    prompt = np.int64(text.size) // _BYTES_A_TOKEN
    alone = worth_of(expected, prompt, weights[2], weights[3])
    alone *= (1000.0 + reasoning * weights[4] + structured * weights[5]) / 1000.0
    alone *= (weights[6] + (1000.0 - weights[6]) * told[NOVEL] / 1000.0) / 1000.0
    extra = alone * doublings * weights[7] / 1000.0
    owed = np.int64(counts[at, of.OWED])
    counts[at, of.OWED] = 0
    cost = max(np.int64(alone + extra), weights[10]) + owed
    told[COST], told[SHARED], told[OWED] = cost, np.int64(extra), owed
    told[PROMPT], told[EXPECTED] = prompt, expected
    of.add_to(counts, at, of.REQUESTS, 1)
    of.add_to(counts, at, of.ASKED, prompt)
    of.add_to(counts, at, of.COST, cost)
    if doublings > 0:
        of.add_to(counts, at, of.SHARED, 1)


@nb.njit(cache=True, nogil=True)
def learn(state, account, now, output, prompt, expected, cost, weights):
    """Take in how long an answer was; what it was longer than expected is owed.

    Args:
        state: ``StateTables``, changed.
        account: keyed hash.
        now: seconds since 1970.
        output: tokens of the answer.
        prompt: tokens of the prompt, as they were priced.
        expected: tokens that were priced.
        cost: thousandths that were charged for it.
        weights: as :func:`weigh_one` takes them.
    """
    counts = state.counts
    at = of.find_account(state.keys, account)
    if at < 0:
        return
    of.roll(counts, state.seen, at, now // PANE)
    of.add_to(counts, at, of.ANSWERS, 1)
    of.add_to(counts, at, of.OUTPUT, output)
    priced = max(worth_of(expected, prompt, weights[2], weights[3]), 1.0)
    more = worth_of(output, prompt, weights[2], weights[3]) - priced
    if more > 0:
        of.add_to(counts, at, of.OWED, np.int64(cost * more / priced))


@nb.njit(cache=True, nogil=True)
def owe(state, account, amount):
    """Put back what an account owed, where the request that was to pay it was not allowed.

    Args:
        state: ``StateTables``, changed.
        account: keyed hash.
        amount: thousandths.
    """
    at = of.find_account(state.keys, account)
    if at >= 0:
        of.add_to(state.counts, at, of.OWED, amount)
