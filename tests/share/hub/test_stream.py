"""Records by page and by stream: in order, once, for whom they are, after any cut."""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
import time

import httpx
import pytest
from httpx_sse import EventSource
from hub_world import CLIENT, World

from stillwatch.share.hub.membership import set_state

STREAM = "/exchange/v1/stream"


class Listener:
    """A stream that is read in a thread."""

    def __init__(self, lab, headers=None, query=""):
        self.events, self.notes = [], []
        self.ended = threading.Event()
        self.status = None
        self.request = lab.signed("GET", STREAM + query, b"", headers)
        self.client = httpx.Client(timeout=20)
        self.thread = threading.Thread(target=self._read)
        self.thread.start()
        until = time.monotonic() + 10
        while self.status is None and time.monotonic() < until:
            time.sleep(0.01)

    def _read(self):
        try:
            with self.client.stream(**self.request) as answer:
                if answer.status_code != 200:
                    answer.read()
                    self.error = answer.json()
                    self.status = answer.status_code
                    return
                self.status = 200
                for event in EventSource(answer).iter_sse():
                    if event.event == "record":
                        record = json.loads(event.data)
                        assert int(event.id) == record["index"]
                        self.events.append((time.perf_counter(), record))
                    elif event.event == "checkpoint":
                        self.notes.append(json.loads(event.data)["checkpoint"])
        except (httpx.HTTPError, RuntimeError, OSError):
            pass
        finally:
            self.ended.set()

    def wait(self, count, seconds=10):
        until = time.monotonic() + seconds
        while len(self.events) < count and time.monotonic() < until:
            time.sleep(0.01)
        return [record["index"] for _, record in self.events]

    def close(self):
        self.client.close()
        for connection in self.client._transport._pool.connections:
            stream = connection._connection._network_stream
            stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


@pytest.fixture
def hub(tmp_path):
    with World(tmp_path, heartbeat=0.2, streams=2, patience=1.0).serving() as made:
        made.alpha, made.beta = made.lab("Alpha"), made.lab("Beta")
        made.open = []

        def listen(lab, **more):
            made.open.append(Listener(lab, **more))
            return made.open[-1]

        made.listen = listen
        yield made
        made.hub.drain()
        for listener in made.open:
            listener.ended.wait(5)
            listener.thread.join(5)
            listener.client.close()


def test_new_records_come_at_once_with_the_newest_checkpoint(hub):
    listener = hub.listen(hub.beta)
    begun = time.perf_counter()
    items = [hub.alpha.publish() for _ in range(3)]
    assert listener.wait(3) == [2, 3, 4]
    assert [r["object"]["id"] for _, r in listener.events] == [i.id for i in items]
    assert listener.events[0][0] - begun < 2
    time.sleep(1.3)
    assert hub.hub.feed.note in listener.notes
    assert (
        listener.events[0][1] == hub.beta.get("/exchange/v1/records", after=1).json()["records"][0]
    )


def test_last_event_id_resumes_with_what_came_after(hub):
    for _ in range(4):
        hub.alpha.publish()
    assert hub.listen(hub.beta, headers={"Last-Event-ID": "3"}).wait(2) == [4, 5]
    assert hub.listen(hub.beta, query="?after=-1").wait(6) == [0, 1, 2, 3, 4, 5]


def test_who_resumes_from_before_the_ring_reads_from_the_tables(hub):
    for _ in range(3):
        hub.alpha.publish()
    hub.hub.feed._first = hub.hub.feed.size
    hub.hub.feed._ring.clear()
    listener = hub.listen(hub.beta, query="?after=1")
    assert listener.wait(3) == [2, 3, 4]
    hub.alpha.publish()
    assert listener.wait(4) == [2, 3, 4, 5]


def test_each_member_sees_what_is_for_it(hub):
    mine, other = hub.listen(hub.beta), hub.listen(hub.lab("Gamma"))
    hub.alpha.publish(audience=[hub.beta.id])
    hub.alpha.publish()
    assert len(mine.wait(2)) >= 2
    assert len(other.wait(1)) == 1
    assert [r["kind"] for _, r in other.events][:1] == ["object"]
    time.sleep(0.3)
    assert len([1 for _, r in other.events if r["kind"] == "object"]) == 1


def test_streams_of_a_member_are_bounded_and_junk_is_400(hub):
    hub.listen(hub.beta)
    hub.listen(hub.beta)
    third = hub.listen(hub.beta)
    assert (third.status, third.error["error_code"]) == (429, "H-8")
    assert hub.listen(hub.alpha, headers={"Last-Event-ID": "x"}).status == 400
    assert hub.listen(hub.alpha, query="?after=x").status == 400
    hub.open[0].close()
    until = time.monotonic() + 5
    while hub.hub.streams[hub.hub.roster.by_id[hub.beta.id].number] > 1:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert hub.listen(hub.beta).status == 200


def test_a_suspended_members_stream_ends(hub):
    listener = hub.listen(hub.beta)
    number = hub.hub.roster.by_id[hub.beta.id]
    hub.operate(lambda journal: set_state(journal, number, "suspended"))
    assert listener.ended.wait(5)


def test_streams_end_when_the_hub_drains(hub):
    listener = hub.listen(hub.beta)
    hub.hub.news._loop.call_soon_threadsafe(hub.hub.drain)
    assert listener.ended.wait(5)
    assert CLIENT.get(f"{hub.url}/readyz").status_code == 503
    answer = hub.alpha.post(hub.alpha.make())
    assert (answer.status_code, answer.json()["error_code"]) == (503, "H-12")


def test_a_member_that_does_not_read_is_cut_off_and_resumes(hub):
    request = hub.beta.signed("GET", STREAM)
    host, port = hub.url.removeprefix("http://").split(":")
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.connect((host, int(port)))
        lines = "".join(f"{name}: {value}\r\n" for name, value in request["headers"].items())
        slow.sendall(f"GET {STREAM} HTTP/1.1\r\nHost: {host}:{port}\r\n{lines}\r\n".encode())
        number = hub.hub.roster.by_id[hub.beta.id].number
        until = time.monotonic() + 20
        while not hub.hub.streams.get(number):
            time.sleep(0.01)
        while hub.hub.streams[number]:
            hub.alpha.post(*(hub.alpha.make() for _ in range(400)))
            assert time.monotonic() < until, "the stream was not cut off"
    first = hub.beta.get("/exchange/v1/records", limit=1000).json()
    assert first["more"] is True
    rest, last = first["records"], first["last"]
    while True:
        page = hub.beta.get("/exchange/v1/records", limit=1000, after=last).json()
        rest, last = rest + page["records"], page["last"]
        if not page["more"]:
            break
    assert [r["index"] for r in rest] == list(range(hub.hub.feed.size))


def test_epochs_are_carried_sealed(hub):
    boxes = [{"member": lab.id, "box": base64.b64encode(os.urandom(80)).decode()}
             for lab in (hub.alpha, hub.beta)]  # fmt: skip
    epoch = {
        "epoch": 1, "starts": "2026-11-01T00:00:00Z", "ends": "2027-02-01T00:00:00Z",
        "commitment": base64.b64encode(bytes(32)).decode(), "boxes": boxes,
    }  # fmt: skip
    path = "/exchange/v1/epochs"
    assert hub.alpha.ask("POST", path, {**epoch, "epoch": 2}).status_code == 409
    assert hub.alpha.ask("POST", path, {**epoch, "boxes": boxes[1:]}).status_code == 400
    assert hub.alpha.ask("POST", path, {**epoch, "boxes": boxes * 2}).status_code == 400
    assert hub.alpha.ask("POST", path, {**epoch, "ends": epoch["starts"]}).status_code == 400
    assert hub.alpha.ask("POST", path, epoch).status_code == 201
    assert hub.beta.ask("POST", path, epoch).json()["error_code"] == "H-6"
    found = hub.beta.get(path).json()
    assert found["next"] == 2
    assert found["epochs"][0]["box"] == boxes[1]["box"]
    assert (found["epochs"][0]["missing"], found["epochs"][0]["due"]) == ([], False)
    gamma = hub.lab("Gamma")
    shown = gamma.get(path).json()["epochs"][0]
    assert (shown["box"], shown["missing"]) == (None, [gamma.id])
    more = {"boxes": [{"member": gamma.id, "box": boxes[0]["box"]}]}
    assert gamma.ask("POST", f"{path}/1/boxes", more).status_code == 404
    assert hub.beta.ask("POST", f"{path}/1/boxes", more).status_code == 201
    assert hub.beta.ask("POST", f"{path}/1/boxes", more).status_code == 409
    assert hub.beta.ask("POST", f"{path}/x/boxes", more).status_code == 404
    assert gamma.get(path).json()["epochs"][0]["box"] == boxes[0]["box"]
    assert gamma.ask("POST", "/exchange/v1/leave").status_code == 200
    assert hub.alpha.get(path).json()["epochs"][0]["due"] is True
