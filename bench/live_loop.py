"""From a scan of member A to a request at member B's gateway, in processes: see ``rotation.py``."""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
import statistics
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import httpx
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

import commands
from planted import commit
from stillwatch.ledger import SigningKey
from stillwatch.stop.responses import read_analysts, sign_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STANDING = """
approved_by = ["Ada", "Ben"]
until = 2099-01-01T00:00:00Z
kinds = ["behaviour"]
licence = "challenge"
tlp = "amber"
most_a_day = 10000
"""
POLICY = """
version = 1
mode = "enforce"
[rungs]
member = "verify"
peer = "verify"
[measures.verify]
most_of_traffic = 1.0
most_of_accounts = 1.0
[links]
appeal = "https://desk.example/appeal"
[[campaigns]]
id = "own"
rung = "refuse"
"""
"""Names the campaign that B's own scan will declare at the end.  The loop has hundreds of accounts
asked to verify within a minute: with caps as shipped, what follows would pass."""
SERVE = """
policy = "policy.toml"
analysts = "analysts.toml"
key_file = "epoch.key"
scan = "out"
indicators = "peers.indicators"
watch = 0.1
known_accounts = 16384
known_segments = 65536
[api]
address = "127.0.0.1:0"
[admin]
address = "127.0.0.1:0"
"""
PATIENCE = 60.0
OWN_FINDING = "and a finding of our own"
HOPS = ("published", "handed over", "at B's gateway", "at A's own")


class Process:
    """A process whose lines are kept with the time at which each came."""

    def __init__(self, *arguments: str, log: Path) -> None:
        self.lines: list[tuple[float, str]] = []
        with log.open("a") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "stillwatch", *arguments],
                stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self.lines.append((time.monotonic(), line.strip()))

    def after(self, begun: float) -> float | None:
        """Return when the first line came after a time."""
        return next((at for at, _ in list(self.lines) if at >= begun), None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()


def said(*arguments: str) -> str:
    """Run the program to its end; return what it printed."""
    command = [sys.executable, "-m", "stillwatch", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise commands.CommandError(f"{' '.join(arguments[:2])}: {done.stderr[-2000:]}")
    return done.stdout.strip()


def until(found: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the caller looks for
    """Return what is looked for, once it is there."""
    end = time.monotonic() + PATIENCE
    while not (value := found()):
        if time.monotonic() > end:
            raise TimeoutError("it did not come about")
        time.sleep(0.005)
    return value


class Gateway:
    """``stillwatch serve`` of one member."""

    def __init__(self, process: Process, client: httpx.Client) -> None:
        lines = until(lambda: len(process.lines) >= 2 and process.lines)
        self.url = next(line.split()[1] for _, line in lines if line.startswith("api "))
        self._client = client

    def ask(self, account: str, row: dict[str, Any], **other: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the decision on a recorded request, sent by some account."""
        row = {**row, **other}
        body = {"model": row["model"], "messages": [{"role": "user", "content": row["prompt"]}]}
        asked = {"account": account, "shape": "openai-chat", "body": body}
        asked |= {n: row[n] for n in ("ip", "user_agent", "tls_fingerprint") if row.get(n)}
        answer = self._client.post(f"{self.url}/v1/decisions", json=asked)
        answer.raise_for_status()
        return answer.json()

    def denies(self, account: str, row: dict[str, Any]) -> bool:
        """Whether a request is answered in the model's place."""
        return self.ask(account, row)["effect"]["status"] != 0


def members(folder: Path, url: str) -> dict[str, Path]:
    """Let A and B join the hub, share an epoch's key, and write their policies."""
    homes = {}
    for lab in "ab":
        home = homes[lab] = folder / lab
        invitation = folder / f"{lab}.invitation"
        invitation.write_text(said("hub", "invite", f"Lab {lab}", "--state", str(folder / "hub")))
        said("exchange", "join", url, "--home", str(home), "--name", f"Lab {lab}",
             "--invitation-file", str(invitation))  # fmt: skip
    said("exchange", "epoch", "draw", "--home", str(homes["a"]))  # sealed for both
    for lab, home in homes.items():
        gateway = folder / f"gateway-{lab}"
        gateway.mkdir()
        said("exchange", "epoch", "key", "1", "--home", str(home), "--to",
             str(gateway / "epoch.key"))  # fmt: skip
        keys = [SigningKey.generate(f"{lab}.example/{name}") for name in ("ada", "bo")]
        lines = [f'[[analysts]]\nname = "{k.name}"\nkey = "{k.public.encode()}"\n' for k in keys]
        (gateway / "analysts.toml").write_text("".join(lines))
        (gateway / "policy.toml").write_text(POLICY)
        for key in keys:
            sign_policy(gateway / "policy.toml", key, read_analysts(gateway / "analysts.toml"))
        (gateway / "serve.toml").write_text(SERVE)
        (gateway / "out").mkdir()
    (folder / "standing.toml").write_text(STANDING)
    return homes


def put(out: Path, document: dict[str, Any], verdicts: pa.Table) -> None:
    """Put a scan's output in place as a scan does: the verdicts, then what names them."""
    made = out / "new.parquet"
    pq.write_table(verdicts, made)
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    now = datetime.now(UTC).isoformat()
    document = {
        **document,
        "scan": {**document.get("scan", {}), "as_of": now},
        "files": {"verdicts.parquet": {"sha256": digest}},
    }
    written = out / "new.json"
    written.write_text(json.dumps(document))
    made.replace(out / "verdicts.parquet")
    written.replace(out / "campaigns.json")


def declared(scan: Path, number: int) -> tuple[dict[str, Any], pa.Table]:
    """Return what a scan declared, its campaigns under names of their own for each repeat."""
    document = json.loads((scan / "campaigns.json").read_text())
    verdicts = pq.ParquetFile(scan / "verdicts.parquet").read()
    for one in document["campaigns"]:
        one["campaign_id"] = one["signature"]["campaign"] = f"{one['campaign_id'][:-3]}{number:03x}"
    names = [name and f"{name[:-3]}{number:03x}" for name in verdicts["campaign_id"].to_pylist()]
    place = verdicts.schema.get_field_index("campaign_id")
    return document, verdicts.set_column(place, "campaign_id", pa.array(names, pa.string()))


def own_finding(account: str, families: tuple[str, ...]) -> tuple[dict[str, Any], pa.Table]:
    """Return what B's scan would say of an account on findings of some families."""
    findings = [{"family": name, "role": "evidence", "log_e": 9.0} for name in families]
    table = pa.table(
        {
            "account_id": [account],
            "campaign_id": ["own"],
            "flagged_at": pa.array([0], pa.timestamp("us", "UTC")),
            "score": [0.97],
        }
    )
    return {"campaigns": [{"campaign_id": "own", "findings": findings}]}, table


@contextlib.contextmanager
def lab(folder: Path, scan_of: Callable[[Path, Path], None]) -> Iterator[dict[str, Any]]:
    """Start the hub, both gateways, A's publisher and B's watch; end them afterwards."""
    said("hub", "init", "bench.example/log", "--state", str(folder / "hub"))
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(httpx.Client(timeout=30))

        def start(*arguments: str) -> Process:
            process = Process(*arguments, log=folder / f"{arguments[0]}-{arguments[1]}.log")
            return stack.enter_context(process)

        hub = start("hub", "serve", "--state", str(folder / "hub"), "--port", "0")
        url = until(lambda: hub.lines and hub.lines[0][1])
        homes = members(folder, url)
        scan_of(folder / "gateway-a" / "epoch.key", folder / "scanned")
        gates = {}
        for name in "ab":
            config = str(folder / f"gateway-{name}" / "serve.toml")
            gates[name] = Gateway(start("serve", "--config", config), client)
        stand = start(
            "exchange", "stand", str(folder / "gateway-a" / "out"), "--home", str(homes["a"]),
            "--policy", str(folder / "standing.toml"), "--epoch", "1", "--key-file",
            str(folder / "gateway-a" / "epoch.key"), "--licence", "challenge", "--every", "0.1",
        )  # fmt: skip
        handed = folder / "gateway-b" / "peers.indicators"
        watch = start(
            "exchange", "watch", "--home", str(homes["b"]), "--hand-over", str(handed),
            "--key-file", str(folder / "gateway-b" / "epoch.key"),
        )  # fmt: skip
        until(handed.exists)
        yield {"gates": gates, "stand": stand, "watch": watch, "homes": homes, "folder": folder}


def once(
    at: dict[str, Any],
    number: int,
    rows: list[dict[str, Any]],
    own: str,
    people: list[dict[str, Any]],
) -> dict[str, Any]:
    """Declare at A, wait for B's gateway, take it back; return the seconds of each hop."""
    gates, out = at["gates"], at["folder"] / "gateway-a" / "out"
    document, verdicts = declared(at["folder"] / "scanned", number)
    printed = len(at["stand"].lines)
    begun = time.monotonic()
    put(out, document, verdicts)
    taken: dict[str, float] = {}
    asked = 0

    def reached() -> dict[str, Any] | None:
        nonlocal asked
        if "at A's own" not in taken and gates["a"].denies(own, rows[0]):
            taken["at A's own"] = time.monotonic() - begun
        for row in rows:
            asked += 1
            # a new account each time: nothing is known of it but the request
            if gates["b"].denies(f"new-{number}-{asked}", row):
                return row
        return None

    hit = until(reached)
    taken["at B's gateway"] = time.monotonic() - begun
    until(lambda: "at A's own" in taken or (reached() and "at A's own" in taken))
    for name, process in (("published", at["stand"]), ("handed over", at["watch"])):
        taken[name] = until(lambda process=process: process.after(begun)) - begun
    others = {
        "own words from the actor's network and client": {"prompt": "When do the trams run?"},
        "the actor's words from elsewhere": {
            "ip": "198.51.100.7", "user_agent": "someone else's/1.0", "tls_fingerprint": "t13d_else"
        },
    }  # fmt: skip
    asking = {what: [{**hit, **other}] for what, other in others.items()}
    asking["other people's requests"] = people
    touched = {
        what: [
            gates["b"].denies(f"innocent-{number}-{what[:3]}-{place}", row)
            for place, row in enumerate(innocent)
        ]
        for what, innocent in asking.items()
    }
    rung = gates["b"].ask(f"last-{number}", hit)["rung"]
    ids = [json.loads(line)["id"] for _, line in at["stand"].lines[printed:] if line[:1] == "{"]
    back = time.monotonic()
    said("exchange", "recall", *ids, "--home", str(at["homes"]["a"]), "--reason", "error",
         "--approve", "Ada")  # fmt: skip
    until(lambda: not gates["b"].denies(f"after-{number}-{time.monotonic_ns()}", hit))
    taken["recalled"] = time.monotonic() - back
    return {"seconds": taken, "touched": touched, "rung": rung, "row": hit, "ids": len(ids)}


def refusal(at: dict[str, Any], row: dict[str, Any], number: int) -> dict[str, str]:
    """Return the rung of one account on a peer's word, on that and its like, and on a finding."""
    gate, out = at["gates"]["b"], at["folder"] / "gateway-b" / "out"
    put(at["folder"] / "gateway-a" / "out", *declared(at["folder"] / "scanned", number))
    until(lambda: gate.denies("suspect", row))
    rungs = {"a peer's word": gate.ask("suspect", row)["rung"]}
    for what, families in (
        ("and a scan that says no more", ("intelligence",)),
        (OWN_FINDING, ("content", "rhythm")),
    ):
        put(out, *own_finding("suspect", families))
        if what == OWN_FINDING:
            until(lambda: gate.ask("suspect", row)["rung"] == "refuse")
        else:
            until(lambda: gate.ask("suspect", row, prompt="hello", ip="")["rung"] != "observe")
        rungs[what] = gate.ask("suspect", row)["rung"]
    return rungs


COLUMNS = ["account_id", "prompt", "model", "ip", "user_agent", "tls_fingerprint"]


def actor(world: Path, scan: Path) -> tuple[list[dict[str, Any]], str]:
    """Return requests of declared campaigns, at most forty, and the surest of their accounts."""
    verdicts = pq.ParquetFile(scan / "verdicts.parquet").read().to_pylist()
    sure = sorted(
        (row for row in verdicts if row["flagged_at"] is not None), key=lambda row: -row["score"]
    )
    flagged = [row["account_id"] for row in sure]
    if not flagged:
        raise RuntimeError("the scan declared nothing: name another --first")
    log = ds.dataset(world / "exchanges").to_table(
        columns=COLUMNS, filter=ds.field("account_id").isin(flagged)
    )
    return log.slice(0, 40).to_pylist(), flagged[0]


def innocents(world: Path, many: int = 40) -> list[dict[str, Any]]:
    """Return a request of each of so many accounts that are nobody's campaign."""
    truth = pq.ParquetFile(world / "truth_accounts.parquet").read().to_pylist()
    benign = {row["account_id"] for row in truth if row["kind"] != "attack"}
    rows: dict[str, dict[str, Any]] = {}
    for row in ds.dataset(world / "exchanges").to_table(columns=COLUMNS).to_pylist():
        if row["account_id"] in benign:
            rows.setdefault(row["account_id"], row)
        if len(rows) == many:
            break
    return list(rows.values())


def live(folder: Path, *, repeats: int, seed: int) -> dict[str, Any]:
    """Run the loop; return seconds of each hop by repeat, and what was touched.

    Args:
        folder: new, or with a world of an earlier run.
        repeats: declarations, each taken back.
        seed: of A's world.
    """
    # an indicator is believed less with age: the world ends today
    start = (datetime.now(UTC) - timedelta(days=8)).date()
    world = folder / f"live-{start}-{seed}"
    if not world.exists():
        commands.simulate(
            world, "--accounts=900", "--exchanges=20000", "--days=8", f"--seed={seed}",
            f"--start={start}",
            "--adversaries=lock-step,low-wide", "--prevalence=0.12",
        )  # fmt: skip
    run = folder / f"run-{time.time_ns()}"
    run.mkdir()

    def scan_of(key: Path, out: Path) -> None:
        said(
            "scan", str(world / "exchanges"), "--accounts", str(world / "accounts.parquet"),
            "--events", str(world), "--key-file", str(key), "--out", str(out),
        )  # fmt: skip

    with lab(run, scan_of) as at:
        rows, own = actor(world, at["folder"] / "scanned")
        asked, rounds, people = len(rows), [], innocents(world)
        for number in range(repeats):
            rounds.append(once(at, number, rows, own, people))
            rows = [rounds[0]["row"]]
            print(json.dumps(rounds[-1]["seconds"]), file=sys.stderr, flush=True)
        rungs = refusal(at, rows[0], repeats)
    return {"rounds": rounds, "rungs": rungs, "asked": asked}


def told(found: dict[str, Any]) -> None:
    """Print the times of each hop."""
    rounds = found["rounds"]
    print(
        f"\n{len(rounds)} declarations at A under a standing policy, commit {commit()}, seconds "
        "since the scan's output lay there; the machine was shared\n"
    )
    print("| hop | median | 90 % | slowest |\n|---|--:|--:|--:|")
    for hop in (*HOPS, "recalled"):
        times = sorted(one["seconds"][hop] for one in rounds)
        tenth = times[min(len(times) - 1, int(0.9 * len(times)))]
        print(f"| {hop} | {statistics.median(times):.2f} | {tenth:.2f} | {times[-1]:.2f} |")
    late = sum(one["seconds"]["at B's gateway"] >= 2.0 for one in rounds)
    print(f"\n{late} of {len(rounds)} took 2 s or longer")
    for what in rounds[0]["touched"]:
        denied = [each for one in rounds for each in one["touched"][what]]
        print(f"{what}: denied {sum(denied)} of {len(denied)}")
    for what, rung in found["rungs"].items():
        print(f"{what}: {rung}")
    refused = [what for what, rung in found["rungs"].items() if rung == "refuse"]
    if refused != [OWN_FINDING]:
        raise SystemExit(f"refused on {refused}, and not on {OWN_FINDING!r} alone")
