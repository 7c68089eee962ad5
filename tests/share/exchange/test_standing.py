"""``exchange stand``: each campaign that a scan declares is published once, under a policy."""

from __future__ import annotations

import itertools
import json
import threading
import time

import pytest
from click.testing import CliRunner
from hub_process import Hub, run
from test_exchange_command import log_with

from stillwatch.cli.entry import cli
from stillwatch.find.features.hashing import key_from_secret
from stillwatch.find.signatures import write_signature
from stillwatch.share.objects import parse

STANDING = """
approved_by = ["Ada", "Ben"]
until = 2099-01-01T00:00:00Z
kinds = ["behaviour"]
licence = "challenge"
tlp = "amber"
most_a_day = 100
"""


class Lab:
    """A member with an epoch's key, a standing policy and a scan's folder."""

    def __init__(self, hub, folder, name="Lab S"):
        self.home, self.scan = folder / "home", folder / "out"
        self.key, self.policy = folder / "epoch.key", folder / "standing.toml"
        invitation = folder / "invitation"
        invitation.write_text(hub.invite(name))
        run("exchange", "join", hub.url, "--home", self.home, "--name", name,
            "--invitation-file", invitation)  # fmt: skip
        self.epoch = run("exchange", "epoch", "draw", "--home", self.home).strip()
        run("exchange", "epoch", "key", self.epoch, "--home", self.home, "--to", self.key)
        self.policy.write_text(STANDING)
        self.scan.mkdir()
        made = folder / "signature.json"
        write_signature(log_with(key_from_secret(self.key.read_bytes().strip())), made)
        self.written = json.loads(made.read_text())

    def declare(self, *names, review_only=()):
        campaigns = [
            {
                "campaign_id": name,
                "review_only": name in review_only,
                "signature": self.written | {"campaign": name},
            }
            for name in names
        ]
        (self.scan / "new").write_text(json.dumps({"campaigns": campaigns}))
        (self.scan / "new").replace(self.scan / "campaigns.json")

    def stand(self, seconds=0.0):
        """Return what was published, and what was said beside it."""
        words = ["exchange", "stand", self.scan, "--home", self.home, "--policy", self.policy,
                 "--epoch", self.epoch, "--key-file", self.key, "--licence", "challenge",
                 "--every", "0.1", "--seconds", seconds]  # fmt: skip
        done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return [parse(line.encode()) for line in done.stdout.splitlines()], done.stderr


_numbers = itertools.count()
CAMPAIGNS = "campaign-0a1b2c3d4e", "campaign-1a1b2c3d4e", "campaign-2a1b2c3d4e"


@pytest.fixture
def lab(hub, tmp_path):
    return Lab(hub, tmp_path, f"Lab {next(_numbers)}")


def test_a_campaign_is_published_once_and_its_next_scan_says_nothing_new(lab):
    lab.declare(CAMPAIGNS[0])
    published, said = lab.stand()
    assert len(published) == 1, said
    assert published[0].fields.licence == "challenge"
    assert "1 objects are in the hub's log" in said
    lab.declare(CAMPAIGNS[0])
    assert lab.stand()[0] == []
    lab.declare(*CAMPAIGNS[:2])
    assert len(lab.stand()[0]) == 1


def test_what_is_for_a_person_to_decide_stays_and_so_does_what_was_recalled(lab):
    lab.declare(*CAMPAIGNS[:2], review_only=CAMPAIGNS[1:2])
    (published,), _ = lab.stand()
    run("exchange", "recall", published.id, "--home", lab.home, "--reason", "error",
        "--approve", "Ada")  # fmt: skip
    lab.declare(*CAMPAIGNS[:2], review_only=CAMPAIGNS[1:2])
    assert lab.stand()[0] == []


def test_several_are_recalled_in_one_command(lab):
    lab.declare(*CAMPAIGNS)
    published, _ = lab.stand()
    ids = [item.id for item in published]
    shown = run("exchange", "recall", *ids, ids[0], "--home", lab.home, "--reason", "error",
                "--approve", "Ada")  # fmt: skip
    assert sorted(parse(line.encode()).id for line in shown.splitlines()) == sorted(ids)


@pytest.mark.parametrize("raw", ["{", "[]", '{"campaigns": 1}', '{"campaigns": [{}]}'])
def test_a_document_that_is_none_publishes_nothing_and_the_next_is_read(lab, raw):
    (lab.scan / "campaigns.json").write_text(raw)
    published, said = lab.stand()
    assert published == []
    assert "not published" in said
    lab.declare(CAMPAIGNS[0])
    assert len(lab.stand()[0]) == 1


def test_a_policy_that_permits_less_lets_nothing_leave(lab):
    lab.policy.write_text(STANDING.replace('"challenge"', '"observe"'))
    lab.declare(CAMPAIGNS[0])
    said = lab.stand()[1]
    assert "not published" in said
    assert "are in the hub's log" not in said
    lab.policy.write_text(STANDING)
    assert "1 objects are in the hub's log" in lab.stand()[1]


def test_what_could_not_be_sent_while_the_hub_was_away_is_sent_once_it_is_back(tmp_path):
    hub = Hub(tmp_path / "hub")
    try:
        (tmp_path / "lab").mkdir()
        lab = Lab(hub, tmp_path / "lab")
        lab.declare(CAMPAIGNS[0])
        hub.kill()
        begun = time.monotonic()
        assert "not published" in lab.stand()[1]
        assert time.monotonic() - begun < 60  # it ends when it is told to, hub or none
        back = threading.Timer(1.0, hub.start)
        back.start()
        _, said = lab.stand(8.0)
        back.join()
        assert "1 objects are in the hub's log" in said
    finally:
        hub.kill()
