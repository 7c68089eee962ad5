"""A hub that lies, replays, forks, is slow or talks without end; the real one, tampered with."""

from __future__ import annotations

import base64
import json
import shutil
import signal
import time

import httpx
import pytest

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.ledger import COSIGNATURE, SigningKey
from stillwatch.share.exchange import client as client_module
from stillwatch.share.exchange.logview import SplitViewError
from stillwatch.share.exchange.member import Member, join
from stillwatch.share.exchange.publishing import Draft, Terms, drafted
from stillwatch.share.objects import Network

RECORDS, LOG = "/exchange/v1/records", "/exchange/v1/log/"


class Between(httpx.BaseTransport):
    """What stands between a member and its hub, and changes what the hub answers.

    Args:
        path: beginning of the paths that are meddled with.
        meddle: bytes of an answer to bytes.
    """

    def __init__(self, path, meddle):
        self.path, self.meddle = path, meddle
        self.inner = httpx.HTTPTransport()

    def handle_request(self, request):
        answer = self.inner.handle_request(request)
        body = answer.read()
        if request.url.path.startswith(self.path) and answer.status_code == 200:
            body = self.meddle(body)
        kept = [
            (name, value)
            for name, value in answer.headers.items()
            if name.lower() not in {"content-length", "content-encoding", "transfer-encoding"}
        ]
        return httpx.Response(answer.status_code, headers=kept, content=body)

    def close(self):
        self.inner.close()


def publish(member, *numbers):
    now = time.time()
    items = drafted(
        [
            Draft(f"c-{n}", Network(entity="asn", value=str(n), mine=300, others=200), now - 9, now)
            for n in numbers
        ],
        store=member.store,
        member=member.id,
        secret=member.home.secret(),
        terms=Terms(),
        now=now,
    )
    assert member.publish(items, approved_by="Ada").refused == ()
    return items


@pytest.fixture
def meddled(joined, tmp_path, request):
    """Return what makes a member behind something that meddles, beside one that publishes."""
    name = f"{hash(request.node.name) & 0xFFFF_FFFF:x}"
    one = joined(f"{name} A")
    joined(f"{name} B")
    opened = []

    def make(path, meddle, **options):
        folder = tmp_path / f"{name}-B"
        member = Member(folder, clock=time.time, transport=Between(path, meddle), **options)
        opened.append(member)
        return one, member

    yield make
    for member in opened:
        member.__exit__()


def dumped(document):
    """Return a page as the hub writes it: its objects in canonical bytes."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def objects(page, change):
    """Return a page of records after a change of each object record."""
    document = json.loads(page)
    for record in document["records"]:
        if record["kind"] == "object":
            change(record)
    return dumped(document)


def forge(record):
    (extension,) = record["object"]["extensions"].values()
    extension["licence"] = "challenge"


def salted(record):
    record["salt"] = base64.b64encode(bytes(32)).decode()


def moved(record):
    record["index"] += 1


def another(record):
    record["object"]["created_by_ref"] = "identity--0b7e6f2e-3c49-4a2f-9c55-6a1f7d1f2f01"


@pytest.mark.parametrize("change", [forge, salted, another])
def test_m_3_what_is_not_in_the_log_is_refused_and_kept_as_evidence(meddled, change):
    one, member = meddled(RECORDS, lambda page: objects(page, change))
    publish(one, 211_000)
    with pytest.raises(SplitViewError, match="M-3"):
        member.pull()
    assert list(member.weighted()) == []
    (path,) = member.home.evidence.glob("M-3-*.json")
    assert {"checkpoint", "index", "commitment", "hub"} <= set(json.loads(path.read_text()))


def test_m_3_m_9_places_that_are_moved(meddled):
    one, member = meddled(RECORDS, lambda page: objects(page, moved))
    publish(one, 211_010, 211_011)
    with pytest.raises(RefusedError, match=r"M-3|M-9"):
        member.pull()
    assert list(member.weighted()) == []


def test_m_9_records_in_another_order(meddled):
    def turned(page):
        document = json.loads(page)
        document["records"].reverse()
        return dumped(document)

    one, member = meddled(RECORDS, turned)
    publish(one, 211_020, 211_021)
    with pytest.raises(RefusedError, match="M-9"):
        member.pull()


def test_replayed_records_are_taken_once(meddled):
    seen = []

    def replay(page):
        document = json.loads(page)
        seen.extend(document["records"])
        document["records"] = list(seen)
        return dumped(document)

    one, member = meddled(RECORDS, replay)
    publish(one, 211_030)
    first = member.pull()
    publish(one, 211_031)
    again = member.pull()
    assert first.objects >= 1
    assert again.objects == 1
    assert again.repeated == len(seen) - 1


def test_m_1_a_checkpoint_of_another_key(meddled):
    other = SigningKey.generate("hub.example/log")

    def signed(page):
        document = json.loads(page)
        text, _, _ = document["checkpoint"].rpartition("\n\n")
        from stillwatch.ledger.notes import sign_note  # noqa: PLC0415

        document["checkpoint"] = sign_note(text + "\n", [other]).encode().decode()
        return dumped(document)

    one, member = meddled(RECORDS, signed)
    publish(one, 211_040)
    with pytest.raises(RefusedError, match="M-1"):
        member.pull()


def test_m_1_a_checkpoint_that_no_witness_saw(hub, tmp_path):
    witness = SigningKey.generate("witness.example", COSIGNATURE).public.encode()
    folder = tmp_path / "witnessed"
    name = "Witnessed"
    join(
        folder,
        hub.url,
        hub.invite(name),
        name,
        clock=time.time,
        witnesses=[witness],
        threshold=1,
    )
    with Member(folder, clock=time.time) as member, pytest.raises(RefusedError, match=r"M-1.*L-15"):
        member.pull()


def test_m_1_a_log_key_that_was_told_otherwise(hub, tmp_path):
    other = SigningKey.generate("hub.example/log").public.encode()
    with pytest.raises(RefusedError, match="M-1"):
        join(
            tmp_path / "told",
            hub.url,
            hub.invite("Told"),
            "Told",
            clock=time.time,
            log_key=other,
        )
    assert not (tmp_path / "told" / "membership.json").exists()


def test_tiles_that_lie_prove_nothing(meddled):
    one, member = meddled(LOG + "tile/", lambda tile: bytes(len(tile)))
    publish(one, *range(211_050, 211_054))
    with pytest.raises(SplitViewError, match="M-3"):
        member.pull()
    assert list(member.weighted()) == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"records": 5, "more": false, "checkpoint": ""}',
        b"[" * 100_000,
    ],
)
def test_answers_that_make_no_sense(meddled, answer):
    _, member = meddled(RECORDS, lambda _: answer)
    with pytest.raises(UnreachableError):
        member.pull()


def test_an_answer_without_end_is_cut(meddled, monkeypatch):
    monkeypatch.setattr(client_module, "LONGEST", 1 << 16)
    _, member = meddled(RECORDS, lambda page: page + b" " * (1 << 17))
    with pytest.raises(UnreachableError):
        member.pull()


def test_a_page_that_leads_nowhere_ends(meddled):
    def more(page):
        document = json.loads(page)
        return dumped({**document, "records": [], "more": True, "last": -5})

    _, member = meddled(RECORDS, more)
    assert member.pull().objects == 0


def test_a_slow_hub_is_given_up(joined, tmp_path, hub):
    joined("Slow")
    hub.process.send_signal(signal.SIGSTOP)
    try:
        with (
            Member(tmp_path / "Slow", clock=time.time, patience=0.5) as member,
            pytest.raises(UnreachableError),
        ):
            member.pull()
    finally:
        hub.process.send_signal(signal.SIGCONT)


@pytest.mark.slow
def test_m_2_two_histories_are_found_and_kept(hub, joined):
    one, other = joined("Fork A"), joined("Fork B")
    hub.kill(signal.SIGTERM)
    fork = hub.state.with_name("fork")
    shutil.copytree(hub.state, fork)
    hub.start()
    publish(one, 211_060)
    other.pull()
    hub.kill(signal.SIGTERM)
    real, hub.state = hub.state, fork
    hub.start()  # the same key, address and members, another history
    try:
        publish(joined("Fork A"), 211_061, 211_062, 211_063)
        with pytest.raises(SplitViewError, match="M-2"):
            other.pull()
        (path,) = other.home.evidence.glob("M-2-*.json")
        kept = json.loads(path.read_text())
        assert "hub.example/log" in kept["seen"]
        assert "hub.example/log" in kept["now"]
    finally:
        hub.kill(signal.SIGTERM)
        hub.state = real
        hub.start()
