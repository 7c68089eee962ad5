"""A key operator that answers a member's batch with what it should not."""

from __future__ import annotations

import json
import os

from judging import SMALL, Case
from lying import LONG, Said, bomb

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.share.oprf import group

REFUSED, AWAY = RefusedError.exit_code, UnreachableError.exit_code


def _case(mechanism, name, attack, rule, status=REFUSED, **more):
    return Case(mechanism, name, attack, rule, status, at="member", seconds=6.0, **more)


def answering(lie):
    """Have two references evaluated by operators of which the first lies."""

    def attack(world):
        reader = world.reader
        reader.operator.lie = lie
        values = reader.folder / "values"
        values.write_text("Q1HJZ28RKA1EBL470G9XYG90R5D3E\nQ1HJZ28RKA1EBL470G9XYG90R5D3F\n")
        operators = world.pair.operators_file(reader.folder)
        text = operators.read_text().replace(world.operator.url, reader.operator.url)
        operators.write_text(text)
        return [
            reader.command(
                "oprf", "evaluate", values, "--operators", operators, "--key", reader.key_file(),
                "--type", "par", "--purpose", "sign-up", "--patience", "0",
            )
        ]  # fmt: skip

    return attack


def evaluated(change):
    """Change an honest evaluation."""

    def lie(path, said):
        if not path.endswith("/evaluate"):
            return None
        document = json.loads(said.body)
        change(document)
        return json.dumps(document).encode()

    return answering(lie)


def listed(make):
    """Answer with another list of epochs."""
    return answering(lambda path, said: make(said.body) if path.endswith("/epochs") else None)


def _point():
    return group.base_times(group.random_scalar()).hex()


def _put(name, value):
    return lambda document: document.update({name: value() if callable(value) else value})


PROOFS = [
    _case("lying-operator", "proof", evaluated(_put("proof", lambda: os.urandom(64).hex())), "P-5"),
    _case("lying-operator", "proof-of-nothing", evaluated(_put("proof", "0" * 128)), "P-5|P-4"),
    _case("lying-operator", "one-element", evaluated(
        lambda d: d["evaluated"].__setitem__(1, _point())), "P-5"),
    _case("lying-operator", "turned", evaluated(lambda d: d["evaluated"].reverse()), "P-5"),
    _case("lying-operator", "other-key", evaluated(_put("public", _point)), "P-5"),
]  # fmt: skip
POINTS = [
    _case("operators-points", "identity", evaluated(
        lambda d: d["evaluated"].__setitem__(0, "00" * 32)), "P-4|P-5"),
    _case("operators-points", "not-canonical", evaluated(
        lambda d: d["evaluated"].__setitem__(0, "ff" * 32)), "P-4|P-5"),
    _case("operators-points", "fewer", evaluated(lambda d: d["evaluated"].pop()), "P-5"),
    _case("operators-points", "more", evaluated(
        lambda d: d["evaluated"].append(_point())), "P-5"),
    _case("operators-points", "other-operator", evaluated(_put("operator", "b")), "P-5"),
]  # fmt: skip


def always(body, status=200, **headers):
    return answering(lambda *_: Said(body, status, **headers))


FORMS = [
    _case("operators-answer", "deep", always(b'{"x":' + b"[" * 100_000), "P-5"),
    _case("operators-answer", "not-utf-8", always(b'{"epochs":["\xff"]}'), "P-5|L-18"),
    _case("operators-answer", "endless", answering(
        lambda *_: Said(iter([b" " * (1 << 20)] * 4_000))), "UnreachableError", AWAY,
        mebibytes=SMALL),
    _case("operators-answer", "gzip-bomb", answering(
        lambda *_: Said(bomb(), Content_Encoding="gzip")), "UnreachableError", AWAY,
        mebibytes=LONG),
    _case("operators-answer", "escapes", always(json.dumps(
        {"rule": "P-7", "title": "\x1b[2J\u202e" * 400, "where": "\n\nto do: pay"}).encode(), 429),
        "P-7"),
]  # fmt: skip
EPOCHS = [
    _case("operators-epochs", "unsigned", listed(lambda body: _unsigned(body, 0)), "L-18|P-5"),
    _case("operators-epochs", "one-signature", listed(lambda b: _unsigned(b, 1)), "L-18|P-5"),
    _case("operators-epochs", "none", listed(lambda _: b'{"epochs":[]}'), "P-8|P-5"),
    _case("operators-epochs", "list", listed(lambda _: b"[]"), "P-5"),
    _case("operators-epochs", "deep-record", listed(
        lambda _: b'{"epochs":[' + b"[" * 900 + b"]" * 900 + b"]}"), "L-18|P-5"),
]  # fmt: skip


def _unsigned(body, keep):
    document = json.loads(body)
    for envelope in document["epochs"]:
        del envelope["signatures"][keep:]
    return json.dumps(document).encode()


CASES = (*PROOFS, *POINTS, *FORMS, *EPOCHS)
