"""Account tables, events, tokens, mapping files, keys and databases made to hurt."""

from __future__ import annotations

import json
import os
import sqlite3

import pyarrow.parquet as pq
from materials import NOW, jsonl, raw, row
from running import Case, three

CONFIG, FORMAT, COLUMN, ABSENT = (
    "ConfigurationError",
    "InputFormatError",
    "MissingColumnError",
    "SourceNotFoundError",
)


def _log(folder, **changed):
    return jsonl(folder, [row(i, **changed) for i in range(6)])


def _accounts(*accounts, name="accounts.jsonl"):
    def make(folder):
        return three(_log(folder), "--accounts", jsonl(folder, accounts, name))[:2]

    return make


ACCOUNTS = [
    Case(
        "account-table",
        "repeated",
        _accounts(*({"account_id": "a0", "plan": f"p{i}"} for i in range(9))),
        good=6,
        bad={"duplicate-id": 8},
        section="account",
    ),
    Case("account-table", "no-ids", _accounts({"plan": "p"}), COLUMN, "account_id"),
    Case(
        "account-table",
        "odd-values",
        _accounts(
            {
                "account_id": "a0",
                "created_at": "never",
                "licensed": "perhaps",
                "plan": [1],
                "email_domain": {},
            },
            {"account_id": "a1", "created_at": 10**30, "licensed": 7, "plan": 1e999},
            {"account_id": None},
            {"account_id": ["a2"]},
            {"account_id": "a\0"},
        ),
        good=6,
        bad={"unreadable-time": 2, "missing-value": 1, "bad-id": 2},
        cells={"not-a-number": 2},
        section="account",
    ),
    Case(
        "account-table",
        "created-in-1970",
        _accounts(
            {"account_id": "a0", "created_at": "1970-01-01"},
            {"account_id": "a1", "created_at": "2262-01-01"},
            {"account_id": "a2", "created_at": "2026-01-01T00:00:00Z"},
        ),
        good=6,
        bad={"time-out-of-range": 2},
        cells={"naive-time": 2},
        section="account",
    ),
    Case(
        "account-table",
        "other-id-type",
        _accounts({"account_id": 1}, {"account_id": -(10**17)}, {"account_id": 2**63 - 1}),
        good=6,
        section="account",
    ),
]


def _events(name, *events):
    return lambda folder: three(_log(folder), "--events", jsonl(folder, events, name))[:2]


EVENTS = [
    Case(
        "events",
        "unknown-types",
        _events(
            "account_events.jsonl",
            *(
                {"time": NOW, "account_id": "a0", "type": kind}
                for kind in ("\x1b[2J", "<script>", "blocked", "x" * 9_999)
            ),
        ),
        good=6,
        section="account_event",
    ),
    Case(
        "events",
        "out-of-range",
        _events(
            "account_events.jsonl",
            {"time": 0, "account_id": "a0", "type": "blocked"},
            {"time": NOW, "account_id": "a0", "type": "blocked"},
        ),
        good=6,
        bad={"unreadable-time": 1},
        section="account_event",
    ),
    Case(
        "events",
        "folder-of-neither",
        lambda f: three(_log(f), "--events", _folder(f))[:2],
        ABSENT,
        "neither",
    ),
    Case(
        "events",
        "twice",
        lambda f: [
            [*argv, "--events", "account_events.jsonl"]
            for argv in _events(
                "account_events.jsonl", {"time": NOW, "account_id": "a0", "type": "blocked"}
            )(f)
        ],
        FORMAT,
        "twice",
    ),
    Case(
        "events",
        "unknown-accounts",
        _events(
            "account_events.jsonl",
            *({"time": NOW + i, "account_id": f"no-{i}", "type": "blocked"} for i in range(20_000)),
        ),
        good=6,
        section="account_event",
    ),
]


def _folder(folder):
    (folder / "events").mkdir()
    return "events"


def _map(content, name="map.toml"):
    return lambda folder: three(_log(folder), "--map", raw(folder, content, name))


MAPS = [
    Case("mapping-file", "bytes", _map(bytes(range(256))), CONFIG, "TOML"),
    Case("mapping-file", "deep", _map("a = " + "[" * 100_000), CONFIG, "TOML"),
    Case("mapping-file", "odd-names", _map('[exchange]\n"ti\\u001b[2Jme" = "t"\n'), CONFIG),
    Case(
        "mapping-file",
        "absent-column",
        _map('[exchange]\nprompt = "\\u202eprompt\\u001b"\n'),
        COLUMN,
    ),
    Case("mapping-file", "dotted-for-ever", _map(f'[exchange]\nip = "{"a." * 5_000}b"\n'), CONFIG),
]
MORE_MAPS = [
    Case(
        "mapping-values",
        "same-source",
        _map('[exchange]\nsystem_prompt = "prompt"\nconversation_id = "prompt"\n'),
        good=6,
    ),
    Case("mapping-values", "not-text", _map("[exchange]\nprompt = 7\n"), CONFIG),
    Case("mapping-values", "not-a-section", _map("exchange = 7\n"), CONFIG),
    Case(
        "mapping-values",
        "forced-integers",
        lambda f: three(_log(f), "--map", raw(f, 'account_id_type = "int64"\n', "map.toml")),
        "NoUsableRowsError",
    ),
    Case("mapping-values", "endless", lambda f: three(_log(f), "--map", "/dev/zero"), CONFIG),
]


def _key(make):
    def commands(folder):
        made = make(folder)
        return [
            ["scan", _log(folder), "--out", "out", "--key-file", made],
            ["observe", _log(folder), "--out", "observed", "--key-file", made],
        ]

    return commands


def _shut(folder):
    raw(folder, "secret", "key")
    (folder / "key").chmod(0)
    return "key"


def _pipe(folder):
    os.mkfifo(folder / "key")
    return "key"


def _sparse(folder):
    with (folder / "key").open("wb") as file:
        file.truncate(20 << 30)
    return "key"


KEYS = [
    Case("key-file", "empty", _key(lambda f: raw(f, " \n", "key")), CONFIG, "empty"),
    Case("key-file", "unreadable", _key(_shut), "usage", "not readable"),
    Case("key-file", "pipe", _key(_pipe), CONFIG),
    Case("key-file", "endless", _key(lambda _: "/dev/zero"), CONFIG),
    Case("key-file", "20-GiB", _key(_sparse), CONFIG),
]


def _sqlite(statements, table, *options):
    def make(folder):
        with sqlite3.connect(folder / "log.db") as base:
            for statement in statements:
                base.execute(statement)
        base.close()
        return three(f"sqlite:///log.db#{table}", *options)

    return make


GOOD = f"VALUES ({NOW}, 'x', 'a', 'm', 'p')"
HOSTILE_NAME = 'x"; DROP TABLE log; --'
NAMES = "(time, exchange_id, account_id, model, prompt)"
SQL = [
    Case(
        "sql-names",
        "statement",
        _sqlite(
            [
                f"CREATE TABLE log {NAMES}",
                f"INSERT INTO log {GOOD}",
                f'CREATE TABLE "{HOSTILE_NAME.replace(chr(34), chr(34) * 2)}" {NAMES}',
                f'INSERT INTO "{HOSTILE_NAME.replace(chr(34), chr(34) * 2)}" {GOOD}',
            ],
            HOSTILE_NAME,
        ),
        good=1,
        after=lambda folder, _: _table_stands(folder),
    ),
    Case(
        "sql-names",
        "absent",
        _sqlite([f"CREATE TABLE log {NAMES}"], "log WHERE 1=1; DELETE FROM log"),
        ABSENT,
    ),
    Case(
        "sql-names", "steering", _sqlite([f"CREATE TABLE log {NAMES}"], "\x1b[2Jno\u202ene"), ABSENT
    ),
    Case("sql-names", "no-table", lambda f: three("sqlite:///log.db"), CONFIG, "names no table"),
    Case(
        "sql-names",
        "password",
        lambda f: three("postgresql+psycopg://u:s3cret-word@127.0.0.1:1/x#t"),
        "MissingExtraError",
        after=lambda _, outcomes: _secret_kept(outcomes),
    ),
]


def _table_stands(folder):
    with sqlite3.connect(folder / "log.db") as base:
        assert base.execute("SELECT count(*) FROM log").fetchone() == (1,)
    base.close()


def _secret_kept(outcomes):
    for outcome in outcomes:
        assert "s3cret-word" not in outcome.stderr + outcome.stdout


def _recursive(limit):
    return [
        f"""CREATE VIEW log AS
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {limit})
        SELECT {NOW} + i AS time, i AS exchange_id, 'a' AS account_id, 'm' AS model,
        'p' || i AS prompt FROM n"""
    ]


DATABASES = [
    Case(
        "databases",
        "not-one",
        lambda f: three("sqlite:///" + raw(f, b"x" * 9_999, "log.db") + "#log"),
        FORMAT,
    ),
    Case(
        "databases",
        "any-type-in-a-cell",
        _sqlite(
            [
                f"CREATE TABLE log {NAMES}",
                f"INSERT INTO log {GOOD}",
                f"INSERT INTO log VALUES ({NOW}, x'FFFE', 'a', 'm', 'p')",
                f"INSERT INTO log VALUES ({NOW}, 1.5, NULL, 'm', 'p')",
                f"INSERT INTO log VALUES ({NOW}, 'z', 'a', 9e999, x'FF00')",
            ],
            "log",
        ),
        good=2,
        bad={"bad-id": 1, "missing-value": 1},
        cells={"invalid-utf8": 1},
    ),
    Case(
        "databases",
        "declared-otherwise",
        _sqlite(
            [
                "CREATE TABLE log (time DATETIME, exchange_id INT, account_id INT, model, prompt)",
                "INSERT INTO log VALUES ('nonsense', 'x', 'a', 'm', 'p')",
            ],
            "log",
        ),
        FORMAT,
    ),
    Case("databases", "view-of-many", _sqlite(_recursive(30_000), "log"), good=30_000),
    Case(
        "databases",
        "view-of-nothing",
        _sqlite(
            ["CREATE TABLE t (a)", "CREATE VIEW log AS SELECT * FROM t", "DROP TABLE t"], "log"
        ),
        FORMAT,
    ),
]


def _vault(content, *more, name="ids.jsonl"):
    def make(folder):
        raw(
            folder,
            content if isinstance(content, str | bytes) else "\n".join(map(json.dumps, content)),
            name,
        )
        return [
            ["vault", "keygen", "key"],
            ["vault", "tokenise", name, "--key", "key", "--out", "out/tokens.parquet", *more],
        ]

    return make


def _identifiers(*values, kind="email"):
    return [{"account_id": f"a{i}", "type": kind, "value": v} for i, v in enumerate(values)]


def _no_value_told(*values):
    def check(folder, outcomes):
        text = "".join(o.stdout + o.stderr for o in outcomes)
        text += "".join(p.read_text() for p in folder.rglob("quarantine/*"))
        assert all(value not in text for value in values)

    return check


def _tokens(rows):
    def check(folder, _):
        assert pq.read_table(folder / "out" / "tokens.parquet").num_rows == rows
        assert (folder / "out" / "tokens.parquet").stat().st_mode & 0o077 == 0

    return check


def _after(*checks):
    def check(folder, outcomes):
        for one in checks:
            one(folder, outcomes)

    return check


VAULT = [
    Case(
        "identifiers",
        "odd-mails",
        _vault(
            _identifiers(
                "good@x.example",
                "a" * 9_999_999 + "@x.example",
                "\x1b[2J@x.example",
                "secret-one",
                "a@" + "b." * 200_000 + "c",
                "\u202ea@x.example",
            )
        ),
        bad={"bad-identifier": 5},
        section="identifier",
        after=_after(_no_value_told("secret-one")),
    ),
    Case(
        "identifiers",
        "odd-phones",
        _vault(
            _identifiers(
                "+491701234567",
                "9" * 5_000_000,
                "+" * 90_000,
                "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
                "00",
                kind="phone",
            )
        ),
        after=_tokens(2),
    ),
    Case(
        "identifiers",
        "card-numbers",
        _vault(_identifiers("4111111111111111", "A" * 29, kind="par")),
        after=_after(_tokens(1), _no_value_told("4111111111111111")),
    ),
    Case(
        "identifiers",
        "none-usable",
        lambda f: _vault(_identifiers("secret-two"))(f)[1:] * bool(_made_key(f)),
        "NoUsableRowsError",
        after=_no_value_told("secret-two"),
    ),
    Case(
        "identifiers",
        "slow-patterns",
        _vault(
            _identifiers(
                *(f"{'a1' * 31}{i}@x.example" for i in range(3_000)),
                "b" * 63 + "@" + "x-" * 100 + "y.example",
            )
        ),
        after=_tokens(3_000),
    ),
]


def _made_key(folder):
    raw(folder, "stillwatch-vault-key-1:" + "ab" * 32 + "\n", "key")
    (folder / "key").chmod(0o600)
    return True


def _vault_key(make):
    def commands(folder):
        jsonl(folder, _identifiers("a@x.example"), "ids.jsonl")
        return [
            ["vault", "tokenise", "ids.jsonl", "--key", make(folder), "--out", "out/tokens.parquet"]
        ]

    return commands


def _mode(content, mode):
    def make(folder):
        raw(folder, content, "key")
        (folder / "key").chmod(mode)
        return "key"

    return make


VAULT_KEYS = [
    Case("vault-key", "readable-by-all", _vault_key(_mode("x", 0o644)), CONFIG, "others may read"),
    Case(
        "vault-key", "something-else", _vault_key(_mode("stillwatch-vault-key-1:zz", 0o600)), CONFIG
    ),
    Case("vault-key", "bytes", _vault_key(_mode(bytes(range(256)), 0o600)), CONFIG),
    Case("vault-key", "pipe", _vault_key(_pipe), CONFIG),
    Case(
        "vault-key",
        "exists-already",
        lambda f: [["vault", "keygen", _mode("mine", 0o600)(f)]],
        "OutputError",
    ),
]

CASES = (*ACCOUNTS, *EVENTS, *MAPS, *MORE_MAPS, *KEYS, *SQL, *DATABASES, *VAULT, *VAULT_KEYS)
