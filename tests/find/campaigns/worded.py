"""Hand-made logs of accounts that draw from wordings of their own."""

from __future__ import annotations

import numpy as np
from made_groups import exchange
from made_log import account_table, exchange_table, log_of

EVERYONE = "Please answer in plain and simple language for me."
PLAIN = {"payment_fingerprint": None, "organization_id": None, "licensed": False}
_PARTS = (
    ("Describe", "Derive", "Explain", "Unfold", "Discuss", "Justify", "Outline", "Examine"),
    ("each stage", "every lemma", "all premises", "any choice", "both cases", "the whole route"),
    ("before concluding", "with care", "in strict order", "without gaps", "from scratch"),
)
_TAILS = ("amber", "basalt", "cobalt", "dune", "ember", "fjord")
_NAMES = ("oak", "elm", "ash", "fir", "yew", "bay", "fig", "may", "box", "gum")


def wording(seed, count=8):
    """Return sentences that no other seed below 6 gives."""
    first, second, third = _PARTS
    return [
        f"{first[(5 * seed + 3 * k) % 8]} {second[(seed + k) % 6]} {third[k % 5]} "
        f"{_TAILS[seed]} {_NAMES[k]} now."
        for k in range(count)
    ]


def body(rng, count=12):
    """Return words that nobody else uses."""
    letters = rng.integers(97, 123, (count, 6), dtype=np.uint8)
    return " ".join(bytes(word).decode() for word in letters)


def rows_of(groups, *, others=50, each=6, seed=3, spread=6):
    """Return exchanges of groups of accounts, each with sentences, and of everyone else.

    Args:
        groups: (prefix, accounts, sentences); each account uses ``spread`` of them in turn.
        others: accounts whose prompts have nothing in common but a courtesy.
        each: exchanges of an account.
        seed: of the random words.
        spread: sentences that one account draws from.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for prefix, accounts, sentences in groups:
        for a in range(accounts):
            own = [sentences[int(i)] for i in rng.permutation(len(sentences))[:spread]]
            for k in range(each):
                pair = f"{own[k % len(own)]} {own[(k + 1) % len(own)]}"
                rows.append((f"{prefix}{a:02d}", f"{pair}\n{body(rng)}."))
    for a in range(others):
        for k in range(each):
            head = f"{EVERYONE}\n" if k % 2 else ""
            rows.append((f"o{a:02d}", f"{head}{body(rng)}."))
    hours = np.sort(rng.uniform(0, 600, len(rows)))
    order = rng.permutation(len(rows))
    return [
        {
            "exchange_id": f"x{n:05d}",
            **exchange(rows[i][0], hours[n], rows[i][1], ip=f"10.{number(rows[i][0])}.9"),
        }
        for n, i in enumerate(order.tolist())
    ]


def number(name):
    """Return two bytes of an address that no other account has."""
    return f"{ord(name[0]) % 200}.{int(name[1:])}"


def people(**given):
    """Return an account table; each account's columns are given by its name."""
    return account_table([{"account_id": name, **PLAIN, **own} for name, own in given.items()])


def log_from(rows, accounts=None, *, batch=10_000):
    return log_of(exchange_table(rows), accounts, batch=batch)


def names_of(log, accounts):
    """Return account ids."""
    ids = log.accounts.ids.to_pylist()
    return {ids[a] for a in accounts.tolist()}


def codes_of(log, chosen):
    """Return codes of the accounts whose id ``chosen`` holds for, ascending."""
    ids = log.accounts.ids.to_pylist()
    return np.array([a for a, name in enumerate(ids) if chosen(name)], np.int32)
