"""Watching a real hub: at once, across cuts and restarts, and by polling where no stream is."""

from __future__ import annotations

import threading
import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import UnreachableError
from stillwatch.share.exchange.member import Member
from stillwatch.share.exchange.publishing import Draft, Terms, drafted
from stillwatch.share.exchange.watching import Watcher, events
from stillwatch.share.objects import Network


class Watching:
    """A member that watches in a thread.

    Args:
        folder: the member's.
    """

    def __init__(self, folder, transport=None):
        self.folder, self.transport = folder, transport
        self.seen, self.failed = [], None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            with Member(
                self.folder, clock=time.time, transport=self.transport, patience=5.0
            ) as member:
                self.held = set()

                def told(_):
                    for held in member.store.live(time.time()):
                        if held.item.id not in self.held:
                            self.held.add(held.item.id)
                            self.seen.append((held.item.id, time.time()))

                def wait(pause):
                    return not self.stop.wait(min(pause, 0.3))

                Watcher(member.client, member.puller, member.store, wait=wait, told=told).watch()
        except Exception as error:  # noqa: BLE001 - handed to the test
            self.failed = error

    def until(self, number, seconds=15.0):
        """Return when an object was held."""
        end = time.time() + seconds
        while time.time() < end and self.failed is None:
            for seen, at in list(self.seen):
                if seen == number:
                    return at
            time.sleep(0.01)
        raise AssertionError(self.failed or f"{number} did not come")

    def close(self, hub_member):
        self.stop.set()
        publish(hub_member, 219_999 - len(self.seen))  # an event, so that the stream is looked at
        self.thread.join(20.0)
        assert not self.thread.is_alive()
        assert self.failed is None


def publish(member, number):
    now = time.time()
    content = Network(entity="asn", value=str(number), mine=300, others=200)
    items = drafted(
        [Draft(f"c-{number}", content, now - 9.0, now)],
        store=member.store,
        member=member.id,
        secret=member.home.secret(),
        terms=Terms(),
        now=now,
    )
    assert member.publish(items, approved_by="Ada").refused == ()
    return items[0].id


def test_what_is_published_comes_at_once_and_once(joined, tmp_path):
    one = joined("Watch A")
    joined("Watch B")
    watching = Watching(tmp_path / "Watch-B")
    watching.until(publish(one, 212_000))  # the stream is open after this one, or it was pulled
    time.sleep(0.7)
    sent = {}
    for number in range(212_001, 212_006):
        sent[publish(one, number)] = time.time()
    late = [watching.until(number) - at for number, at in sent.items()]
    watching.close(one)
    assert max(late) < 1.0
    assert len({number for number, _ in watching.seen}) == len(watching.seen)


class NoStream(httpx.HTTPTransport):
    """A way to the hub on which streams do not pass."""

    def handle_request(self, request):
        if request.url.path.endswith("/stream"):
            return httpx.Response(502)
        return super().handle_request(request)


def test_where_no_stream_passes_it_polls(joined, tmp_path):
    one = joined("Poll A")
    joined("Poll B")
    watching = Watching(tmp_path / "Poll-B", NoStream())
    watching.until(publish(one, 212_010))
    watching.until(publish(one, 212_011))
    watching.close(one)


@pytest.mark.slow
def test_a_hub_that_restarts_is_found_again(hub, joined, tmp_path):
    one = joined("Restart A")
    joined("Restart B")
    watching = Watching(tmp_path / "Restart-B")
    watching.until(publish(one, 212_020))
    hub.kill()
    time.sleep(1.0)
    hub.start()
    watching.until(publish(one, 212_021), 30.0)
    watching.close(one)
    assert len({number for number, _ in watching.seen}) == len(watching.seen)


@given(st.lists(st.integers(1, 5), max_size=30), st.booleans())
def test_events_do_not_depend_on_how_bytes_arrive(cuts, windows):
    text = ": a\n\nid: 1\nevent: record\ndata: {}\n\ndata: a\ndata: ü\n\nid:2\n\ndata\n\n"
    raw = text.replace("\n", "\r\n" if windows else "\n").encode()
    parts, at = [], 0
    for cut in cuts:
        parts.append(raw[at : at + cut])
        at += cut
    found = list(events(iter([*parts, raw[at:]])))
    assert [(one.name, one.data, one.id) for one in found] == [
        ("record", "{}", "1"),
        ("message", "a\nü", ""),
        ("message", "", ""),
    ]


def test_an_event_without_end_is_cut():
    with pytest.raises(UnreachableError):
        list(events(b"data: " + b"x" * 300_000 for _ in range(10)))
