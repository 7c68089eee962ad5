"""What the proposers remember from look to look."""

from __future__ import annotations

from stillwatch.find.campaigns import propose


def test_no_more_groups_are_remembered_than_the_bound(monkeypatch):
    monkeypatch.setattr(propose, "_REMEMBERED", 2)
    met = {}
    for key in (b"a", b"b", b"c"):
        assert propose.has_grown(met, key, 10, 1.2)
    assert met == {b"c": 10}
    assert propose.has_grown(met, b"a", 10, 1.2)  # forgotten, so met anew
    assert not propose.has_grown(met, b"c", 11, 1.2)
