"""Keys of members as the log says them: brought in by their own, ended, taken back."""

from __future__ import annotations

import base64

import pytest

from stillwatch.errors import RefusedError
from stillwatch.ledger import SigningKey
from stillwatch.share.exchange.keyring import Keyring, MemberChange
from stillwatch.share.objects import (
    RuleError,
    check_author,
    examples,
    proof_text,
    seconds,
    signed,
    stamp,
)
from stillwatch.share.objects.examples import KEYS

FIRST = next(item for item in examples() if item.type == "indicator")
WHO = FIRST.created_by_ref
OLD, NEW = KEYS[WHO], SigningKey("member-new", bytes([9]) * 32)
AT = seconds(FIRST.modified)


def change(word, key=OLD, **more):
    given = {"change": word, "member": WHO, "time": FIRST.modified}
    return MemberChange(**given, verify_key=key.public.encode(), **more)


def successor(until=AT, by=OLD, member=WHO):
    consent = by.sign(proof_text(member, NEW.public.encode(), OLD.public.key_id))
    return change(
        "key", NEW, replaces=OLD.public.key_id, until=stamp(until),
        consent=base64.b64encode(consent).decode(),
    )  # fmt: skip


def ring(*changes):
    made = Keyring({})
    for one in (change("joined"), *changes):
        made.change(one)
    return made


def stands(made, item):
    try:
        check_author(item, made.keys(WHO))
    except RuleError as error:
        return error.rule
    return ""


def test_a_new_key_speaks_and_the_old_one_until_its_end():
    assert stands(ring(), FIRST) == ""
    assert stands(ring(), signed(FIRST, NEW)) == "X-53"
    turned = ring(successor())
    assert stands(turned, signed(FIRST, NEW)) == ""
    assert stands(turned, FIRST) == ""
    assert stands(ring(successor(until=AT - 1.0)), FIRST) == "X-53"


def test_a_key_that_leaked_speaks_no_more_however_it_dates_what_it_says():
    made = ring(successor(until=AT + 60.0), change("key-retired", OLD))
    assert stands(made, FIRST) == "X-53"
    assert stands(made, signed(FIRST, NEW)) == ""


@pytest.mark.parametrize("word", ["suspended", "left"])
def test_who_is_suspended_or_has_left_says_nothing(word):
    made = ring(MemberChange(change=word, member=WHO, time=""))
    assert stands(made, FIRST) == "X-53"
    made.change(MemberChange(change="resumed", member=WHO, time=""))
    assert stands(made, FIRST) == ""


@pytest.mark.parametrize(
    "forged",
    [
        successor(by=NEW),
        successor(member="identity--of-another"),
        change("key", NEW),
        change("joined", NEW),
        MemberChange(change="key", member=WHO, time="", verify_key="none"),
    ],
)
def test_m_14_keys_of_the_hubs_making(forged):
    made = ring()
    with pytest.raises(RefusedError, match="M-14"):
        made.change(forged)
    assert stands(made, FIRST) == ""
    assert stands(made, signed(FIRST, NEW)) == "X-53"
