"""Logs whose shape is meant to make work grow faster than they do."""

from __future__ import annotations

from materials import jsonl, row
from running import Case, three

ROWS = 12_000


def _log(rows=ROWS, accounts=600, **columns):
    """Return the commands over a log whose columns are functions of the row's number."""

    def make(folder):
        held = (
            row(
                i,
                account_id=f"a{i % accounts}",
                time=1767323045 + 40 * i,
                prompt=f"{i * 7919 % 100003} of {i * 104729 % 99991} and {i}",
            )
            | {name: value(i) for name, value in columns.items()}
            for i in range(rows)
        )
        name = jsonl(folder, held)
        accounts_file = jsonl(
            folder,
            (
                {
                    "account_id": f"a{i}",
                    "payment_fingerprint": "card",
                    "phone_hash": "phone",
                    "device_fingerprint": "device",
                    "created_at": 1767300000,
                    "email_domain": "x.example",
                }
                for i in range(accounts)
            ),
            "accounts.jsonl",
        )
        return three(name, "--accounts", accounts_file)

    return make


def _case(name, mechanism="shared-by-all", **options):
    return Case(
        mechanism, name, _log(**options), good=options.get("rows", ROWS), seconds=60, mebibytes=500
    )


CASES = (
    _case("card-phone-device"),
    _case("address", ip=lambda _: "203.0.113.7"),
    _case("system-prompt", system_prompt=lambda _: "You are a helper.\nAnswer in one line.\n" * 40),
    _case("template", prompt=lambda i: f"Explain every step of your reasoning.\nTask {i}"),
    _case("one-prompt", prompt=lambda _: "the same words from everyone"),
    _case(
        "of-the-traffic", "one-account", account_id=lambda i: f"a{i % 600}" if i % 10 == 0 else "a0"
    ),
    _case(
        "with-a-conversation",
        "one-account",
        account_id=lambda _: "a0",
        conversation_id=lambda _: "c",
    ),
    _case(
        "with-a-network-each",
        "one-account",
        account_id=lambda _: "a0",
        ip=lambda i: f"10.{i >> 8 & 255}.{i & 255}.1",
    ),
    _case("of-an-exchange-each", "many-accounts", rows=30_000, accounts=30_000),
    Case(
        "many-accounts",
        "hundred-thousand",
        _log(rows=100_000, accounts=100_000),
        good=100_000,
        seconds=240,
        mebibytes=1_500,
        slow=True,
    ),
    *(
        Case("few-rows", str(n), lambda f, n=n: three(jsonl(f, [row(i) for i in range(n)])), good=n)
        for n in (1, 2)
    ),
)
