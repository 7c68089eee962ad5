"""Members of a real hub: publish, pull, recall, contest; a hub that restarts."""

from __future__ import annotations

import time

from stillwatch.share.exchange.publishing import Draft, Terms, drafted
from stillwatch.share.objects.examples import contents


def draft(member, content, campaign="c-1", **terms):
    now = time.time()
    return drafted(
        [Draft(campaign, content, now - 60.0, now - 1.0)],
        store=member.store,
        member=member.id,
        secret=member.home.secret(),
        terms=Terms(**terms),
        now=now,
    )


def publish(member, content, campaign="c-1", **terms):
    items = draft(member, content, campaign, **terms)
    sent = member.publish(items, approved_by="Ada")
    assert sent.refused == ()
    assert sent.taken == len(items)
    return items[0]


def test_what_one_publishes_another_holds(joined):
    one, other = joined("Lab A"), joined("Lab B")
    made = [publish(one, content, f"c-{place}") for place, content in enumerate(contents())]
    pulled = other.pull()
    assert pulled.refused == 0
    assert pulled.objects >= len(made)
    held = {one.item.id: one.item for one in other.weighted()}
    assert {item.id: item for item in made}.items() <= held.items()
    assert all(0.0 < one.weight < 1.0 for one in other.weighted())
    again = other.pull()
    assert (again.objects, again.repeated) == (0, 0)
    assert {member[1] for member in other.store.members()} >= {"Lab A", "Lab B"}
