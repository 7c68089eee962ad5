"""Each numbered rule, with what it refuses; the name of a test says which rule."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from stillwatch.share.objects import (
    EXTENSION_ID,
    LARGEST,
    LIVES,
    RULES,
    TLP,
    AuthorKey,
    Indicator,
    RuleError,
    Sighting,
    canonical,
    check_arrival,
    check_author,
    examples,
    kind_of,
    parse,
    recalled,
    revised,
    seconds,
    signed,
    unsigned,
)
from stillwatch.share.objects.examples import KEYS

ROOT = Path(__file__).parents[3]
NOW = 1_795_305_600.0
DAY = 86_400.0
ALL = list(examples())
INDICATORS = [item for item in ALL if item.type == "indicator"]
FIRST = INDICATORS[0]
BY_KIND = {}
for _item in INDICATORS:
    BY_KIND.setdefault(kind_of(_item.content), _item)
SIGHTING = next(item for item in ALL if item.type == "sighting")
MEMBER = next(item for item in ALL if item.type == "identity" and item.name == "Member A")
OTHER = SIGHTING.created_by_ref


def fields(document):
    return document["extensions"][EXTENSION_ID]


def refused(item, change=None):
    """Return the rule that bytes, or an object after a change, break."""
    if isinstance(item, bytes):
        raw = item
    else:
        document = item if isinstance(item, dict) else item.to_stix()
        change(document)
        raw = json.dumps(document).encode()
    with pytest.raises(RuleError) as caught:
        parse(raw)
    assert caught.value.todo
    return caught.value.rule


def changed(item, change):
    document = item.to_stix()
    change(document)
    return parse(json.dumps(document).encode())


def put(*path):
    *way, last, value = path

    def change(document):
        for step in way:
            document = document[step]
        document[last] = value

    return change


def ours(*path):
    return put("extensions", EXTENSION_ID, *path)


def note(text):
    return ours("note", text)


def test_x_1_size():
    assert refused(b"") == "X-1"
    assert refused(b" " * LARGEST + canonical(FIRST)) == "X-1"
    assert parse(b" " * 100 + canonical(FIRST)) == FIRST


@pytest.mark.parametrize(
    "raw",
    [
        b"{]",
        b"\xff\xfe",
        b"\xef\xbb\xbf" + canonical(FIRST),
        canonical(FIRST) + b"{}",
        b"[]",
        b"17",
        canonical(FIRST).replace(b"Same", b"S\xffme"),
        canonical(FIRST)[:-1],
        b"{'type':1}",
    ],
)
def test_x_2_json(raw):
    assert refused(raw) in {"X-2", "X-6"}
    assert refused(raw) == "X-2" or raw == b"[]"


@pytest.mark.parametrize(
    "bomb", [b"[" * 9 + b"]" * 9, b'{"a":' * 9 + b"1" + b"}" * 9, b"[" * 30_000]
)
def test_x_3_depth(bomb):
    assert refused(bomb) == "X-3"
    raw = canonical(FIRST)
    assert refused(raw.replace(b'"limit"', b"[" * 20 + b"]" * 20)) == "X-3"


@pytest.mark.parametrize(
    "number",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "75.0",
        "7.5e1",
        "1e400",
        "9007199254740993",
        "-0",
        "123456789012345678901234567890",
    ],
)
def test_x_4_numbers(number):
    raw = canonical(FIRST)
    assert refused(raw.replace(b'"confidence":75', f'"confidence":{number}'.encode())) == "X-4"


@pytest.mark.parametrize(
    "twice",
    [
        b'"confidence":75,"confidence":76',
        b'"confidence":75,"confidence":75',
        b'"confidence":75,"confi\\u0064ence":75',
        b'"confidence":75,"type":"indicator"',
    ],
)
def test_x_5_keys_twice(twice):
    assert refused(canonical(FIRST).replace(b'"confidence":75', twice)) == "X-5"
    inner = canonical(FIRST).replace(b'"epoch":3', b'"epoch":3,"epoch":4')
    assert refused(inner) == "X-5"


@pytest.mark.parametrize("empty", [None, [], {}])
def test_x_6_null_and_empty(empty):
    assert refused(FIRST, put("confidence", empty)) == "X-6"
    assert refused(FIRST, ours("audience", empty)) == "X-6"
    assert refused(FIRST, put("labels", empty)) == "X-6"


@pytest.mark.parametrize(
    "kind",
    [
        "malware",
        "note",
        "report",
        "bundle",
        "relationship",
        "x-mine",
        5,
        "observed-data",
        "Indicator",
        "language-content",
    ],
)
def test_x_7_types(kind):
    assert refused(FIRST, put("type", kind)) == "X-7"


@pytest.mark.parametrize(
    "name",
    [
        "description",
        "labels",
        "external_references",
        "x_mine",
        "lang",
        "granular_markings",
        "kill_chain_phases",
        "defanged",
    ],
)
def test_x_8_unknown_fields(name):
    assert refused(FIRST, put(name, ["word"])) == "X-8"
    assert refused(FIRST, ours(name, "word")) == "X-8"
    assert refused(FIRST, ours("content", name, "word")) == "X-8"
    assert refused(SIGHTING, put(name, "word")) == "X-8"
    assert refused(MEMBER, put(name, "word")) == "X-8"


def test_x_9_missing_fields():
    optional = {"note", "audience", "recall", "signed", "where_sighted_refs", "created_by_ref"}
    for item in (FIRST, SIGHTING):
        for name in item.to_stix():
            rule = refused(item, lambda document, name=name: document.pop(name))
            assert rule == ("X-7" if name == "type" else "X-9"), name
        for name in set(fields(item.to_stix())) - optional:
            assert refused(item, lambda d, name=name: fields(d).pop(name)) == "X-9", name


@pytest.mark.parametrize(
    "change",
    [
        put("confidence", "75"),
        put("confidence", 0),
        put("confidence", 101),
        put("spec_version", "2.0"),
        put("pattern_type", "sigma"),
        put("revoked", "yes"),
        put("indicator_types", ["benign"]),
        ours("version", 2),
        ours("content", "epoch", 0),
        ours("content", "value", "ab"),
        ours("content", "kind", "cookie"),
        ours("content", "identifier", "device"),
        ours("content", "value", "A" * 128),
        ours("campaign", "c-1"),
        ours("extension_type", "new-sdo"),
    ],
)
def test_x_10_forms(change):
    assert refused(FIRST, change) == "X-10"


@pytest.mark.parametrize(
    "form",
    [
        "indicator--4C5732D0-87e6-4754-bfb5-ed92c2fd8d0b",
        "indicator--1",
        "indicator--4c5732d0-87e6-1754-bfb5-ed92c2fd8d0b",
        "sighting--4c5732d0-87e6-4754-bfb5-ed92c2fd8d0b",
        FIRST.id.replace("-", ""),
    ],
)
def test_x_11_ids(form):
    assert refused(FIRST, put("id", form)) == "X-11"
    assert refused(FIRST, put("created_by_ref", form)) == "X-11"
    assert refused(SIGHTING, put("sighting_of_ref", "identity--" + form[-36:])) in {"X-11", "X-10"}


@pytest.mark.parametrize(
    "time",
    [
        "2026-02-30T00:00:00.000Z",
        "2026-11-22T00:00:00.000+00:00",
        "2026-11-22",
        "1999-01-01T00:00:00Z",
        "2026-11-22T24:00:01Z",
        "2026-11-22T00:00:00.1234567Z",
        "2026-11-22t00:00:00z",
    ],
)
def test_x_12_times(time):
    for name in ("created", "modified", "valid_from", "valid_until"):
        assert refused(FIRST, put(name, time)) == "X-12"
    assert refused(FIRST, ours("first_seen", time)) == "X-12"


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b",
        "zero\u200bwidth",
        "right\u202eto left",
        "e\u0301",
        "private \ue000",
        "line\nfeed",
        "\U000e0041tag",
    ],
)
def test_x_13_characters(text):
    assert refused(FIRST, note(text)) == "X-13"
    for name in ("id", "created_by_ref", "created", "valid_until"):
        assert refused(FIRST, put(name, getattr(FIRST, name) + "\n")) == "X-13"


EVERY_FIELD = [
    *[(name,) for name in FIRST.to_stix() if name not in {"extensions", "type"}],
    *[("extensions", EXTENSION_ID, name) for name in fields(FIRST.to_stix()) if name != "content"],
    *[("extensions", EXTENSION_ID, "content", name) for name in ("epoch", "value", "identifier")],
    ("x_unknown",),
    ("extensions", EXTENSION_ID, "x_unknown"),
]


@pytest.mark.parametrize("path", EVERY_FIELD, ids=".".join)
@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("X-14", "anna.b@example.org"),
        ("X-15", "+49 170 1234567"),
        ("X-16", "4111 1111 1111 1111"),
        ("X-18", "203.0.113.7"),
        ("X-17", "https://example.org/a"),
        ("X-19", "20 USD"),
    ],
)
def test_x_14_to_x_19_clear_values_in_every_field(path, rule, text):
    assert refused(FIRST, put(*path, text)) == rule


@pytest.mark.parametrize(
    "text",
    [
        "mail to anna@example.org",
        "anna (at) example (dot) org",
        "anna@exämple.org",
        "\uff41\uff20example.org",
        "a@b.co",
        "x [at] y [dot] com",
    ],
)
def test_x_14_clear_e_mail(text):
    assert refused(FIRST, note(text)) == "X-14"


@pytest.mark.parametrize(
    "text",
    [
        "call 0170-1234567",
        "(030) 901820",
        "+1.202.555.0143",
        "\u0660\u0661\u0667\u0660\u0661\u0662\u0663\u0664\u0665",
    ],
)
def test_x_15_clear_phone(text):
    assert refused(FIRST, note(text)) == "X-15"


@pytest.mark.parametrize(
    "text", ["4111111111111111", "card 5500-0000-0000-0004", "378282246310005"]
)
def test_x_16_card_number(text):
    assert refused(FIRST, note(text)) == "X-16"


@pytest.mark.parametrize(
    "text",
    ["see https://a.b", "www.example", "example.org", "hxxp://x", "evil[.]example", "ftp://x"],
)
def test_x_17_link(text):
    assert refused(FIRST, note(text)) == "X-17"


@pytest.mark.parametrize("text", ["from 203.0.113.7", "2001:db8::1", "10[.]0[.]0[.]1"])
def test_x_18_address(text):
    assert refused(FIRST, note(text)) == "X-18"
    network = BY_KIND["network:prefix"]
    for one in ("45.9.20.1/32", "2a0e:b107::1/128"):
        assert refused(network, ours("content", "value", one)) == "X-18"


@pytest.mark.parametrize(
    "text",
    [
        "paid $20",
        "20 USD each",
        "EUR 5",
        "5 \u20ac",
        "twelve\u20bf",
        "the price fell",
        "our discount",
        "3k dollars",
    ],
)
def test_x_19_price(text):
    assert refused(FIRST, note(text)) == "X-19"


@pytest.mark.parametrize("name", ["price", "cost_per_call", "revenue", "amount_usd", "fee"])
def test_x_19_fields_of_prices(name):
    assert refused(FIRST, ours(name, 3)) == "X-19"


@pytest.mark.parametrize(
    "text",
    [
        "we lost 40 customers",
        "3,400 accounts",
        "thousands of users",
        "12 million requests",
        "a large customer",
        "5 % of all accounts",
    ],
)
def test_x_20_customers(text):
    assert refused(FIRST, note(text)) == "X-20"


@pytest.mark.parametrize(
    "name",
    ["customers", "accounts", "background", "count", "volume", "exchanges", "number_observed"],
)
def test_x_20_fields_of_counts(name):
    assert refused(FIRST, ours("content", name, 3)) == "X-20"
    assert refused(SIGHTING, put(name, 3)) == "X-20"


@pytest.mark.parametrize(
    "text",
    [
        "our new model",
        "70B parameters",
        "the next release",
        "GPU hours",
        "trained in May",
        "they asked claude",
    ],
)
def test_x_21_models(text):
    assert refused(FIRST, note(text)) == "X-21"


@pytest.mark.parametrize(
    "name", ["model", "model_name", "training_data", "checkpoint", "benchmark"]
)
def test_x_21_fields_of_models(name):
    assert refused(FIRST, ours(name, "m")) == "X-21"


def test_x_22_long_notes():
    assert refused(FIRST, note("word " * 60)) == "X-22"
    assert refused(FIRST, note("")) == "X-22"


@pytest.mark.parametrize(
    "text",
    [
        "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8",
        "1 2 3 a 4 5 6 a 7 8 9 a 1 2 3 a 4 5 6 a 7 8 9 a 1 2 3 a 4 5 6 a 7",
    ],
)
def test_x_23_encoded_matter(text):
    assert refused(FIRST, note(text)) == "X-23"


@pytest.mark.parametrize(
    "text",
    [
        "Same hand as in October, other cards.",
        "Seen 2026-11-22T10:00:00Z.",
        "\u518d\u6b21\u51fa\u73fe",
        "Новая волна, те же приёмы",
    ],
)
def test_notes_that_may_travel(text):
    assert changed(FIRST, note(text)).fields.note == text


def test_x_24_shares_off_the_grid():
    behaviour = BY_KIND["behaviour"]
    assert refused(BY_KIND["network:asn"], ours("content", "others", 37)) == "X-24"
    assert refused(behaviour, ours("content", "others", [3] * 12)) == "X-24"
    assert (
        refused(behaviour, ours("content", "levels", "others_exchanges", [9_999_999] + [0] * 7))
        == "X-24"
    )
    assert refused(behaviour, ours("content", "clients", 0, "others", 7)) == "X-24"


def test_x_25_two_markings():
    both = [TLP["amber"].id, TLP["red"].id]
    assert refused(FIRST, put("object_marking_refs", both)) == "X-25"
    assert refused(FIRST, put("object_marking_refs", [TLP["amber"].id] * 2)) == "X-25"
    assert refused(SIGHTING, put("object_marking_refs", both)) == "X-25"


@pytest.mark.parametrize(
    "number", ["f88d31f6-486f-44da-b317-01333bde0b82", "4c5732d0-87e6-4754-bfb5-ed92c2fd8d0b"]
)
def test_x_26_other_markings(number):
    wrong = [f"marking-definition--{number}"]
    assert refused(FIRST, put("object_marking_refs", wrong)) == "X-26"
    assert refused(SIGHTING, put("object_marking_refs", wrong)) == "X-26"
    assert refused(FIRST, put("object_marking_refs", ["TLP:RED"])) == "X-26"


@pytest.mark.parametrize("kind", ["pseudonym:email", "sketch", "behaviour", "network:client"])
def test_x_27_keyed_and_wide(kind):
    for word in ("clear", "green"):
        assert refused(BY_KIND[kind], put("object_marking_refs", [TLP[word].id])) == "X-27"


def test_x_28_red_without_audience():
    assert refused(FIRST, put("object_marking_refs", [TLP["red"].id])) == "X-28"
    assert refused(SIGHTING, put("object_marking_refs", [TLP["red"].id])) == "X-28"


def test_x_29_audiences():
    assert refused(FIRST, ours("audience", [OTHER, OTHER])) == "X-29"
    assert refused(FIRST, ours("audience", [OTHER, FIRST.created_by_ref])) == "X-29"


def test_x_30_fixed_objects():
    amber = TLP["amber"]
    assert refused(amber, put("name", "TLP:RED")) == "X-30"
    assert refused(amber, put("created", "2022-10-02T00:00:00.000Z")) == "X-30"
    assert refused(amber, put("id", TLP["red"].id)) == "X-30"
    definition = next(item for item in ALL if item.type == "extension-definition")
    assert refused(definition, put("version", "2.0.0")) == "X-30"


def test_x_31_no_life():
    assert refused(FIRST, put("valid_until", FIRST.valid_from)) == "X-31"


@pytest.mark.parametrize("kind", LIVES)
def test_x_32_too_long_a_life(kind):
    from stillwatch.share.objects import stamp  # noqa: PLC0415

    item = BY_KIND[kind]
    end = seconds(item.valid_from) + LIVES[kind].longest * DAY
    assert changed(item, put("valid_until", stamp(end)))
    assert refused(item, put("valid_until", stamp(end + 1))) == "X-32"


def test_x_33_seen_in_order():
    assert refused(FIRST, ours("first_seen", "2026-11-21T23:59:59.000Z")) == "X-33"
    assert refused(FIRST, ours("last_seen", "2026-11-23T00:00:00.000Z")) == "X-33"
    assert refused(SIGHTING, put("last_seen", "2026-11-29T00:00:00.000Z")) == "X-33"


def test_x_34_created_before_modified():
    assert refused(FIRST, put("created", "2026-11-22T00:00:00.001Z")) == "X-34"


def test_x_35_recall_and_revoked():
    recall = {"reason": "appeal", "deadline": "2026-11-24T00:00:00.000Z"}
    assert refused(FIRST, ours("recall", recall)) == "X-35"
    assert changed(FIRST, lambda document: document.update(revoked=True)).revoked


@pytest.mark.parametrize("deadline", ["2026-11-22T00:59:59.000Z", "2026-12-22T00:00:01.000Z"])
def test_x_36_deadlines(deadline):
    def change(document):
        document["revoked"] = True
        fields(document)["recall"] = {"reason": "appeal", "deadline": deadline}

    assert refused(FIRST, change) == "X-36"


@pytest.mark.parametrize("item", INDICATORS, ids=lambda item: item.id[-6:])
def test_x_37_pattern_of_other_content(item):
    assert refused(item, put("pattern", "[autonomous-system:number = 1]")) == "X-37"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("asn", "0"),
        ("asn", "64512"),
        ("asn", "4200000000"),
        ("asn", "023"),
        ("asn", "45.9.20.0/24"),
        ("prefix", "45.9.20.1/24"),
        ("prefix", "10.0.0.0/16"),
        ("prefix", "45.0.0.0/8"),
        ("prefix", "45.9.20.0/25"),
        ("prefix", "2a0e::/16"),
        ("prefix", "192.0.2.0/24"),
        ("prefix", "2a0e:b107:0000::/48"),
        ("ja4", "t13d1516h2"),
        ("client", "ff"),
    ],
)
def test_x_38_networks(kind, value):
    item = BY_KIND[f"network:{kind}"]
    assert refused(item, ours("content", "value", value)) == "X-38"


def test_x_39_epochs_of_networks():
    assert refused(BY_KIND["network:asn"], ours("content", "epoch", 3)) == "X-39"
    assert refused(BY_KIND["network:client"], lambda d: fields(d)["content"].pop("key")) == "X-39"


@pytest.mark.parametrize("kind", ["sketch", "behaviour"])
def test_x_40_lists_of_hashes(kind):
    item = BY_KIND[kind]
    pieces = list(item.content.pieces)
    assert refused(item, ours("content", "pieces", pieces[::-1])) == "X-40"
    assert refused(item, ours("content", "pieces", [pieces[0], *pieces[:-1]])) == "X-40"
    assert refused(item, ours("content", "weights", [200] * 11)) == "X-40"


@pytest.mark.parametrize("licence", ["block", "refuse", "withhold", "Limit", 1])
def test_x_41_licences(licence):
    assert refused(FIRST, ours("licence", licence)) == "X-41"


@pytest.mark.parametrize("outcome", ["false-positive", "contested"])
def test_x_42_fault_without_grounds(outcome):
    assert refused(SIGHTING, ours("outcome", outcome)) == "X-42"


def test_x_43_sighted_elsewhere():
    assert changed(SIGHTING, put("where_sighted_refs", [OTHER]))
    assert refused(SIGHTING, put("where_sighted_refs", [MEMBER.id])) == "X-43"


def arrives(item, **given):
    with pytest.raises(RuleError) as caught:
        check_arrival(item, **{"now": NOW, "sender": FIRST.created_by_ref, **given})
    return caught.value.rule


def test_what_is_right_arrives():
    check_arrival(FIRST, now=NOW, sender=FIRST.created_by_ref)
    newer = revised(FIRST, now=NOW + 1.0, confidence=80)
    check_arrival(newer, now=NOW + 1.0, sender=FIRST.created_by_ref, previous=FIRST)
    recall = recalled(newer, now=NOW + 2.0, reason="appeal", deadline=NOW + DAY)
    check_arrival(recall, now=NOW + 500 * DAY, sender=FIRST.created_by_ref, previous=newer)
    check_arrival(SIGHTING, now=NOW + 400.0, sender=OTHER, sighted=FIRST)
    check_arrival(MEMBER, now=NOW)


def test_x_44_other_members_objects():
    assert arrives(FIRST, sender=OTHER) == "X-44"
    assert arrives(SIGHTING) == "X-44"


def test_x_45_expired():
    assert arrives(FIRST, now=seconds(FIRST.valid_until)) == "X-45"


def test_x_46_ahead():
    check_arrival(FIRST, now=NOW - 300.0)
    assert arrives(FIRST, now=NOW - 601.0) == "X-46"


def test_x_47_versions_going_back():
    newer = revised(FIRST, now=NOW + 1.0, confidence=80)
    assert arrives(FIRST, previous=newer) == "X-47"
    assert arrives(FIRST, previous=FIRST) == "X-47"


def test_x_48_un_revoking():
    recall = recalled(FIRST, now=NOW + 1.0, reason="appeal", deadline=NOW + DAY)
    later = changed(FIRST, put("modified", "2026-11-22T00:00:09.000Z"))
    assert arrives(later, previous=recall) == "X-48"


def test_x_49_another_thing_under_the_same_id():
    def other(document):
        document["modified"] = "2026-11-22T00:00:09.000Z"
        content = fields(document)["content"]
        content["value"] = "0" * 128
        document["pattern"] = document["pattern"].replace(FIRST.content.value, "0" * 128)

    assert arrives(changed(FIRST, other), previous=FIRST) == "X-49"
    assert arrives(FIRST, previous=MEMBER) == "X-49"


def test_x_50_own_confirmation():
    own = changed(SIGHTING, put("created_by_ref", FIRST.created_by_ref))
    assert arrives(own, sighted=FIRST, now=NOW + 400.0) == "X-50"


def test_x_51_identities_of_members():
    assert arrives(MEMBER, sender=MEMBER.id) == "X-51"


SIGNS = KEYS[FIRST.created_by_ref]
OWN = [AuthorKey(SIGNS.public)]


def authored(item, keys=OWN):
    with pytest.raises(RuleError) as caught:
        check_author(item, keys)
    return caught.value.rule


def test_what_its_author_signed_is_its_authors():
    for item in examples():
        if isinstance(item, Indicator | Sighting):
            check_author(item, [AuthorKey(KEYS[item.created_by_ref].public)])
    check_author(MEMBER, [])
    assert signed(FIRST, SIGNS) == FIRST
    assert not revised(FIRST, now=NOW + 1.0, confidence=80).fields.signed


def test_x_52_what_nobody_signed():
    assert authored(unsigned(FIRST)) == "X-52"
    assert authored(unsigned(SIGHTING)) == "X-52"


def test_x_53_what_another_signed():
    other = KEYS[OTHER]
    assert authored(signed(FIRST, other)) == "X-53"
    assert authored(FIRST, []) == "X-53"
    assert authored(FIRST, [AuthorKey(other.public)]) == "X-53"
    moved = changed(FIRST, ours("licence", "challenge"))
    assert authored(moved) == "X-53"
    borrowed = signed(SIGHTING, SIGNS)
    taken = ours("signed", msgspec.to_builtins(borrowed.fields.signed))
    assert authored(changed(FIRST, taken)) == "X-53"
    assert authored(FIRST, [AuthorKey(SIGNS.public, until=seconds(FIRST.modified) - 1.0)]) == "X-53"
    check_author(FIRST, [AuthorKey(SIGNS.public, until=seconds(FIRST.modified))])


@pytest.mark.parametrize("value", ["", "A" * 88, "A" * 85 + "B==", "A" * 86 + "=", 7])
def test_x_10_signatures_of_another_form(value):
    mark = {"key": SIGNS.public.key_id, "value": value}
    assert refused(FIRST, ours("signed", mark)) == "X-10"


def test_rules_code_documents_and_tests_agree():
    names = {rule.name for rule in RULES}
    assert [rule.name for rule in RULES] == [f"X-{n}" for n in range(1, len(RULES) + 1)]
    folder = ROOT / "src/stillwatch/share/objects"
    table = (folder / "rules.py").read_text("utf-8")
    code = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    cited = set(re.findall(r"X-\d+", code.replace(table, "")))
    assert cited == names
    own = Path(__file__).read_text("utf-8")
    tested = {f"X-{n}" for n in re.findall(r"def test_x_(\d+)_", own)}
    assert tested == names
    page = (ROOT / "docs/reference/exchange-rules.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (X-\d+) \| .* \| `(\w+)` \|$", page, re.MULTILINE))
    assert set(rows) == names
    for rule, test in rows.items():
        assert f"def {test}(" in own
        assert test.startswith(f"test_x_{rule[2:]}_")
