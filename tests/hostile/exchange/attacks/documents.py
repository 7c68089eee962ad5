"""Objects that say what may not travel, or are built to hurt who reads them."""

from __future__ import annotations

import copy
import hashlib
import json
import time

from judging import SMALL, Case
from speaking import OBJECTS

from stillwatch.share.objects import (
    EXTENSION_ID,
    Pseudonym,
    Sketch,
    examples,
    new_sighting,
    parse,
)

PSEUDONYM = Pseudonym(identifier="email", epoch=3, value="5f" * 64)


def ours(item):
    return item["extensions"][EXTENSION_ID]


def sighting_of(world, name="Alpha"):
    """Return a good sighting of an object that another member posted."""
    return new_sighting(
        parse(json.dumps(world.posted).encode()), "false-positive", author=world[name].id,
        now=time.time(), number=bytes(range(16)), grounds="review",
    ).to_stix()  # fmt: skip


def changed(change, content=None):
    """Post an indicator after a change of its JSON types."""

    def attack(world):
        item = world.indicator(content=content)
        change(item)
        return [world.post("Alpha", item)]

    return attack


def put(*path):
    """Return a change that puts a value where a path leads."""
    *way, last, value = path

    def change(item):
        for step in way:
            item = item[step]
        item[last] = value

    return change


def field(name, value):
    return changed(put("extensions", EXTENSION_ID, name, value))


def note(text):
    return field("note", text)


def spelled(old, new):
    """Post the bytes of an indicator after a replacement."""

    def attack(world):
        raw = json.dumps(world.indicator(note="plain remark"), separators=(",", ":")).encode()
        made = raw.replace(old, new)
        assert made != raw
        return [world.post("Alpha", made)]

    return attack


def sketch():
    found = (getattr(item, "content", None) for item in examples() if item.type == "indicator")
    return next(content for content in found if isinstance(content, Sketch))


def texts_of(item, way=()):
    """Yield the paths of all texts of an object."""
    for key, value in item.items() if isinstance(item, dict) else enumerate(item):
        if isinstance(value, str):
            yield (*way, key)
        elif isinstance(value, dict | list):
            yield from texts_of(value, (*way, key))


def everywhere(text, make):
    """Post an object once for each text in it, with a clear value in that place."""

    def attack(world):
        whole = make(world)
        found = []
        for path in texts_of(whole):
            item = copy.deepcopy(whole)
            put(*path, text)(item)
            found.append(item)
        assert len(found) > 8
        answer = world.post("Alpha", *found)
        assert len(answer.rules) == len(found), answer
        return [answer]

    return attack


def indicator_with_note(world):
    return world.indicator(note="plain remark", audience=[world["Beta"].id])


def in_new_field(name, value):
    return changed(put("extensions", EXTENSION_ID, name, value))


CLEAR_VALUES = (
    ("email", "X-14", "anna@mail.example", "an.na\uff20mail.example", "anna (at) mail.example"),
    ("phone", "X-15", "+49 170 1234567", "+49170 123 45 67", "call +1-555-010-9999 now"),
    ("card", "X-16", "4111 1111 1111 1111", "4111111111111111", "5500-0000-0000-0004"),
    ("link", "X-17", "https://evil.example/a", "www.evil.example", "evil.example/login"),
    ("address", "X-18", "203.0.113.9", "2001:db8::5:9", "seen at 198.51.100.77"),
)


def _clear(name, rule, plain, *disguised):
    mechanism = f"clear-{name}"
    return [
        Case(mechanism, "every-field-of-indicator", everywhere(plain, indicator_with_note),
             f"{rule}|X-7|X-38", 422),
        Case(mechanism, "every-field-of-sighting", everywhere(plain, sighting_of),
             f"{rule}|X-7", 422),
        Case(mechanism, "unknown-field", in_new_field("value", plain), rule, 422),
        *(Case(mechanism, f"disguised-{n}", note(text), rule, 422)
          for n, text in enumerate(disguised)),
    ]  # fmt: skip


IDENTIFIERS = [case for given in CLEAR_VALUES for case in _clear(*given)]
PRICES = [
    Case("price", "in-note", note("they pay $3.50 for a million"), "X-19", 422),
    Case("price", "in-euro", note("costs 20 EUR a month"), "X-19", 422),
    Case("price", "field", in_new_field("price", 3), "X-19", 422),
    Case("price", "custom-property", changed(put("x_price", "3")), "X-19", 422),
    Case("price", "in-words", note("our discount is 20%"), "X-19|X-20", 422),
]
CUSTOMERS = [
    Case("customers", "in-note", note("we saw 1200 accounts of them"), "X-20", 422),
    Case("customers", "requests", note("about 3 million requests a day"), "X-20", 422),
    Case("customers", "field", in_new_field("accounts", 12), "X-20", 422),
    Case("customers", "count-of-sighting", lambda w: [w.post(
        "Alpha", sighting_of(w) | {"count": 12})], "X-20|X-8", 422),
    Case("customers", "summary-of-sighting", lambda w: [w.post(
        "Alpha", sighting_of(w) | {"summary": True})], "X-8", 422),
]  # fmt: skip
MODELS = [
    Case("model-facts", "name", note("they train gpt-4o on it"), "X-21", 422),
    Case("model-facts", "size", note("a model with 70B parameters"), "X-21", 422),
    Case("model-facts", "field", in_new_field("model", "m"), "X-21", 422),
    Case("model-facts", "score", note("benchmark score of their model is 80"), "X-21", 422),
    Case("model-facts", "release", note("our next model comes out in May"), "X-21", 422),
]
SMUGGLED = [
    Case("encoded-matter", "base64", note("aGVyZSBpcyB0aGUgcHJvbXB0IG9mIGEgcGVyc29u"), "X-23", 422),
    Case("encoded-matter", "digits", note("1 22 333 4444 5555 6666 7777 8888"), "X-15|X-23", 422),
    Case("encoded-matter", "long-note", note("a word " * 60), "X-22", 422),
    Case("encoded-matter", "lines", note("one\ntwo"), "X-13|X-22", 422),
    Case("encoded-matter", "in-campaign", field("campaign", "the prompt of a person"), "X-10", 422),
]
UNKNOWN = [
    Case("unknown-field", "of-stix", changed(put("description", "text")), "X-8", 422),
    Case("unknown-field", "custom", changed(put("x_more", [1])), "X-8", 422),
    Case("unknown-field", "in-extension", in_new_field("more", {"deep": {"er": 1}}), "X-8", 422),
    Case("unknown-field", "in-content", changed(
        lambda i: ours(i)["content"].update(prompt="text")), "X-8|X-21", 422),
    Case("unknown-field", "second-extension", changed(lambda i: i["extensions"].update(
        {"extension-definition--0b7e6f2e-3c49-4a2f-9c55-6a1f7d1f2f01": {"a": 1}})), "X-8", 422),
]  # fmt: skip
MISSING = [
    Case("missing-field", name, changed(lambda item, name=name: item.pop(name)), "X-9", 422)
    for name in ("created_by_ref", "object_marking_refs", "valid_until", "pattern")
] + [Case("missing-field", "licence", changed(lambda i: ours(i).pop("licence")), "X-9", 422)]
TWICE = [
    Case("key-twice", "confidence", spelled(
        b'"confidence":75', b'"confidence":75,"confidence":1'), "X-5", 422),
    Case("key-twice", "escaped", spelled(
        b'"confidence":75', b'"confidence":75,"c\\u006fnfidence":1'), "X-5", 422),
    Case("key-twice", "type", spelled(b'"spec_version"', b'"type":"sighting","spec_version"'),
         "X-5", 422),
    Case("key-twice", "author", spelled(
        b'"spec_version"', b'"created_by_ref":"identity--x","spec_version"'), "X-5", 422),
    Case("key-twice", "in-extension", spelled(b'"licence"', b'"licence":"limit","licence"'),
         "X-5", 422),
]  # fmt: skip
NUMBERS = [
    Case("number", name, spelled(b'"confidence":75', b'"confidence":' + text), "X-4|X-2", 422)
    for name, text in (("fraction", b"75.0"), ("exponent", b"1e999"), ("huge", b"9" * 5_000))
] + [
    Case("number", "nan", spelled(b'"confidence":75', b'"confidence":NaN'), "H-0", 400),
    Case("number", "infinity", spelled(b'"confidence":75', b'"confidence":-Infinity'), "H-0", 400),
]
NESTED = [
    Case("nested-bomb", "ten-deep", spelled(b'"plain remark"', b"[" * 10 + b"1" + b"]" * 10),
         "X-3", 422),
    Case("nested-bomb", "objects", spelled(
        b'"plain remark"', b'{"a":' * 800 + b"1" + b"}" * 800), "X-3", 422),
    Case("nested-bomb", "longest", spelled(
        b'"plain remark"', b"[" * 15_000 + b"]" * 15_000), "X-3|H-0", 400),
    Case("nested-bomb", "envelope", lambda w: [w.ask(
        w["Alpha"], "POST", OBJECTS, b"[" * (4 << 20))], "H-0", 400, mebibytes=SMALL),
    Case("nested-bomb", "wide", lambda w: [w.post(
        "Turning", *[b"[" * 40 + b"]" * 40] * 1_000)], "X-3", 422, mebibytes=SMALL),
]  # fmt: skip


def _large(size, count=1):
    def attack(world):
        item = json.dumps(world.indicator()).encode()
        return [world.post("Alpha", *[item + b" " * (size - len(item))] * count)]

    return attack


def _padded(world):
    raw = json.dumps(world.indicator()).encode()
    return [world.post("Alpha", raw[:-1] + b',"x":"' + b"a" * 40_000 + b'"}')]


OVERSIZED = [
    Case("oversized-object", "one-byte-more", lambda w: [w.post("Alpha", json.dumps(
        {"type": "indicator", "id": "x" * 32_741}).encode())], "X-1", 422),
    Case("oversized-object", "padded", _padded, "X-1", 422, mebibytes=SMALL),
    Case("oversized-object", "mebibytes", lambda w: [w.post(
        "Alpha", b'{"type":"' + b"a" * (7 << 20) + b'"}')], "X-1", 422, mebibytes=SMALL),
    Case("oversized-object", "many-keys", lambda w: [w.post("Alpha", json.dumps(
        {"type": "indicator", **{f"k{n}": n for n in range(2_000)}}).encode())], "X-8|X-9", 422),
    Case("oversized-object", "many-pieces", lambda w: [w.post("Alpha", _pieces(w))], "X-10|X-40",
         422),
]  # fmt: skip


def _pieces(world):
    item = world.indicator(content=sketch())
    ours(item)["content"]["pieces"] = sorted(
        hashlib.sha256(b"%d" % n).hexdigest()[:16] for n in range(1_200)
    )
    return item


EMPTY = [
    Case("empty", "null", changed(put("revoked", None)), "X-6|X-10", 422),
    Case("empty", "list", changed(put("indicator_types", [])), "X-6", 422),
    Case("empty", "object", lambda w: [w.post("Alpha", b"{}")], "X-6|X-7", 422),
    Case("empty", "audience", field("audience", []), "X-6", 422),
    Case("empty", "extensions", changed(put("extensions", {})), "X-6|X-9", 422),
]
TYPES = [
    Case("type", kind if isinstance(kind, str) and kind.isascii() else name,
         changed(put("type", kind)), "X-7", 422)
    for name, kind in (
        ("malware", "malware"), ("bundle", "bundle"), ("homoglyph", "\u0456ndicator"),
        ("list", ["indicator"]), ("sql", "indicator'--"),
    )
]  # fmt: skip
FORMS = [
    Case("form", "confidence", changed(put("confidence", 101)), "X-10", 422),
    Case("form", "boolean", changed(put("revoked", "true")), "X-10", 422),
    Case("form", "spec-version", changed(put("spec_version", "2.0")), "X-10", 422),
    Case("form", "pseudonym", changed(
        lambda i: ours(i)["content"].update(value="5f" * 63), PSEUDONYM), "X-10", 422),
    Case("form", "capital-hex", changed(
        lambda i: ours(i)["content"].update(value="5F" * 64), PSEUDONYM), "X-10", 422),
]  # fmt: skip
UUID = "0b7e6f2e-3c49-4a2f-9c55-6a1f7d1f2f01"
IDS = [
    Case("id", name, changed(put("id", text)), "X-11|X-13", 422)
    for name, text in (
        ("capitals", f"indicator--{UUID.upper()}"), ("of-another-type", f"sighting--{UUID}"),
        ("version-1", "indicator--" + UUID.replace("-4a2f", "-1a2f")),
        ("traversal", "indicator--../../../../etc/passwd"),
        ("other-digits", f"indicator--{UUID}".replace("0", "\u0660")),
    )
]  # fmt: skip
TIMES = [
    Case("time", name, changed(put("modified", text)), "X-12", 422)
    for name, text in (
        ("no-zone", "2026-11-22T00:00:00"), ("offset", "2026-11-22T00:00:00+01:00"),
        ("no-day", "2026-02-30T00:00:00Z"), ("leap", "2026-11-22T23:59:60Z"),
        ("far", "9999-12-31T23:59:59Z"),
    )
]  # fmt: skip
CHARACTERS = [
    Case("characters", name, note(text), "X-13", 422)
    for name, text in (
        ("override", "plain \u202e kramer"),
        ("zero-width", "pl\u200bain"),
        ("decomposed", "cafe\u0301"),
        ("private", "a \ue000 b"),
        ("nul", "a \x00 b"),
    )
]
BYTES = [
    Case("bytes", "overlong", spelled(b"plain remark", b"pl\xc0\xaein"), "X-2", 422),
    Case("bytes", "surrogate", spelled(b"plain remark", b"pl\xed\xa0\x80in"), "X-2", 422),
    Case("bytes", "escaped-surrogate", spelled(b"plain remark", b"pl\\ud800in"), "H-0", 400),
    Case("bytes", "utf-16", lambda w: [w.ask(w["Alpha"], "POST", OBJECTS, json.dumps(
        {"objects": [w.indicator()]}).encode("utf-16"))], "H-0", 400),
    Case("bytes", "byte-order-mark", lambda w: [w.ask(w["Alpha"], "POST", OBJECTS, json.dumps(
        {"objects": [w.indicator()]}).encode("utf-8-sig"))], "H-0", 400),
]  # fmt: skip
CASES = (
    *IDENTIFIERS, *PRICES, *CUSTOMERS, *MODELS, *SMUGGLED, *UNKNOWN, *MISSING, *TWICE, *NUMBERS,
    *NESTED, *OVERSIZED, *EMPTY, *TYPES, *FORMS, *IDS, *TIMES, *CHARACTERS, *BYTES,
)  # fmt: skip
