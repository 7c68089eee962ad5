"""The arithmetic against RFC 9497, with the key whole and in two shares, and against `voprf`."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import voprf.ristretto as other
from hypothesis import given, settings
from hypothesis import strategies as st
from rfc9497_vectors import INFO, KEY, PUBLIC, SEED, VECTORS

from stillwatch.errors import RefusedError
from stillwatch.ledger import SigningKey
from stillwatch.share.oprf import group
from stillwatch.share.oprf.ceremony import opened_message
from stillwatch.share.oprf.hashing import CONTEXT, expand, hash_to_scalar, prefixed
from stillwatch.share.oprf.proofs import possess, possesses, proves
from stillwatch.share.oprf.protocol import Answer, Blinded, blind, evaluate, finalise
from stillwatch.share.oprf.wire import decoded

STRANGER = SigningKey("stranger", bytes(32)).public
ORDER = 2**252 + 27742317777372353535851937790883648493
NOT_CANONICAL = [
    bytes(31),
    bytes(33),
    bytes([0xFF]) * 32,
    (2**255 - 19 + 1).to_bytes(32, "little"),  # the field's prime and more
    bytes([1]) + bytes(31),  # a negative field element
    bytes.fromhex("26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"),
]


def draws(values):
    rest = iter(values)
    return lambda: next(rest)


def unhexed(vector, name):
    return tuple(bytes.fromhex(item) for item in vector[name])


def halves(key=KEY):
    first = group.random_scalar()
    second = group.scalar_subtract(key, first)
    return (first, group.base_times(first)), (second, group.base_times(second))


def test_the_key_of_the_vectors_is_derived():
    wanted = hash_to_scalar(SEED + prefixed(INFO) + b"\x00", b"DeriveKeyPair" + CONTEXT)
    assert wanted == KEY
    assert group.base_times(KEY) == PUBLIC


def test_expand_gives_the_first_block_of_rfc_9380():
    tag = b"QUUX-V01-CS02-with-expander-SHA512-256"
    prime = tag + bytes([len(tag)])
    first = hashlib.sha512(bytes(128) + b"abc\x00\x40\x00" + prime).digest()
    assert expand(b"abc", tag) == hashlib.sha512(first + b"\x01" + prime).digest()


@pytest.mark.parametrize("vector", VECTORS)
def test_p_5_vectors_of_rfc_9497_with_the_whole_key(vector):
    batch = blind(unhexed(vector, "inputs"), draws(unhexed(vector, "blinds")))
    assert batch.elements == unhexed(vector, "elements")
    answer = evaluate(KEY, PUBLIC, batch.elements, draws([bytes.fromhex(vector["draw"])]))
    assert answer.evaluated == unhexed(vector, "evaluated")
    assert answer.proof.hex() == vector["proof"]
    assert tuple(finalise(batch, [answer], PUBLIC)) == unhexed(vector, "outputs")


@pytest.mark.parametrize("vector", VECTORS)
def test_p_5_vectors_of_rfc_9497_with_the_key_in_two_shares(vector):
    batch = blind(unhexed(vector, "inputs"), draws(unhexed(vector, "blinds")))
    answers = [evaluate(*half, batch.elements) for half in halves()]
    sums = [group.add(*pair) for pair in zip(*(a.evaluated for a in answers), strict=True)]
    assert tuple(sums) == unhexed(vector, "evaluated")
    assert group.add(answers[0].public, answers[1].public) == PUBLIC
    assert tuple(finalise(batch, answers, PUBLIC)) == unhexed(vector, "outputs")


@settings(max_examples=10, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4))
def test_another_implementation_as_the_member_takes_our_answers(inputs):
    clients, sent = zip(*(other.Client.blind(item) for item in inputs), strict=True)
    answer = evaluate(KEY, PUBLIC, [item.serialize() for item in sent])
    held = other.VerifiableBatchOutput.deserialize(answer.proof + b"".join(answer.evaluated))
    key = other.PublicKey.deserialize(PUBLIC)
    outputs = other.Client.finalize_batch(list(clients), held, key)
    whole = other.Evaluator.from_seed(SEED, INFO)
    assert outputs == [whole.evaluate_known_input(item) for item in inputs]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4))
def test_another_implementation_as_the_operator_gives_our_outputs(inputs):
    whole = other.Evaluator.from_seed(SEED, INFO)
    batch = blind(inputs)
    sent = [other.BlindedInput.deserialize(item) for item in batch.elements]
    raw = whole.evaluate_batch(sent).serialize()
    points = [raw[n : n + 32] for n in range(64, len(raw), 32)]
    single = finalise(batch, [Answer(PUBLIC, tuple(points), raw[:64])], PUBLIC)
    split = finalise(batch, [evaluate(*half, batch.elements) for half in halves()], PUBLIC)
    assert single == split == [whole.evaluate_known_input(item) for item in inputs]


@pytest.mark.parametrize("count", [0, 101])
def test_p_3_a_batch_has_1_to_100(count):
    for attempt in (lambda: blind([b"x"] * count), lambda: evaluate(KEY, PUBLIC, [PUBLIC] * count)):
        with pytest.raises(RefusedError, match="P-3"):
            attempt()


@pytest.mark.parametrize("bad", [group.IDENTITY, *NOT_CANONICAL])
def test_p_4_the_identity_and_other_encodings_are_refused(bad):
    with pytest.raises(RefusedError, match="P-4") as caught:
        evaluate(KEY, PUBLIC, [PUBLIC, bad])
    assert caught.value.where == "element 1"


@pytest.mark.parametrize("bad", [0, ORDER, ORDER + 1, 2**256 - 1])
def test_p_4_scalars_are_below_the_order_and_not_zero(bad):
    with pytest.raises(RefusedError, match="P-4"):
        group.scalar(bad.to_bytes(32, "little"))
    assert group.scalar((ORDER - 1).to_bytes(32, "little"))


def wrong_answers():
    """Yield, by what is wrong, answers to one batch of which the second operator's is wrong."""
    batch = blind([b"one", b"two"])
    (k1, p1), (k2, p2) = halves()
    right = evaluate(k1, p1, batch.elements)
    honest = evaluate(k2, p2, batch.elements)
    stranger = group.random_scalar()
    turned = honest.evaluated[::-1]
    yield batch, right, "share", evaluate(stranger, p2, batch.elements)
    yield batch, right, "public", evaluate(stranger, group.base_times(stranger), batch.elements)
    yield batch, right, "order", Answer(p2, turned, honest.proof)
    yield batch, right, "proof", Answer(p2, honest.evaluated, right.proof)
    yield batch, right, "zeros", Answer(p2, honest.evaluated, bytes(64))
    yield batch, right, "short", Answer(p2, honest.evaluated, honest.proof[:-1])
    yield batch, right, "fewer", Answer(p2, honest.evaluated[:1], honest.proof)
    yield batch, right, "malleable", Answer(p2, honest.evaluated, beyond(honest.proof))
    yield batch, right, "other batch", evaluate(k2, p2, blind([b"one", b"two"]).elements)


def beyond(proof):
    """Return a proof whose response is the same modulo the order, in another encoding."""
    response = int.from_bytes(proof[32:], "little") + ORDER
    return proof[:32] + response.to_bytes(32, "little")


@pytest.mark.parametrize("case", list(wrong_answers()), ids=lambda case: case[2])
def test_p_5_a_lying_operator_is_told(case):
    batch, right, _, wrong = case
    with pytest.raises(RefusedError, match="P-5"):
        finalise(batch, [right, wrong], PUBLIC)


def test_p_5_an_answer_with_the_identity_is_refused():
    batch = blind([b"one"])
    answer = Answer(PUBLIC, (group.IDENTITY,), bytes(64))
    with pytest.raises(RefusedError, match="P-4"):
        finalise(batch, [answer], PUBLIC)


def test_p_5_an_empty_batch_proves_nothing():
    assert not proves(PUBLIC, [], [], bytes(64))


def test_p_1_possession_is_proven_in_one_context():
    proof = possess(KEY, PUBLIC, b"here", group.random_scalar())
    assert possesses(PUBLIC, b"here", proof)
    assert not possesses(PUBLIC, b"there", proof)
    assert not possesses(group.base_times(group.random_scalar()), b"here", proof)
    assert not possesses(PUBLIC, b"here", proof[:32] + bytes(32))
    assert not possesses(PUBLIC, b"here", b"")


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=300))
def test_p_5_blinding_does_not_show_in_the_output(value):
    first, second = blind([value]), blind([value])
    assert first.elements != second.elements
    outputs = [finalise(b, [evaluate(KEY, PUBLIC, b.elements)], PUBLIC) for b in (first, second)]
    assert outputs[0] == outputs[1]


def test_p_9_one_share_tests_no_guess_and_both_do():
    published = finalise(
        batch := blind([b"guess"]), [evaluate(KEY, PUBLIC, batch.elements)], PUBLIC
    )
    (k1, p1), (k2, p2) = halves()
    for share, public in ((k1, p1), (k2, p2)):
        alone = evaluate(share, public, batch.elements)
        assert finalise(batch, [alone], public) != published
        with pytest.raises(RefusedError, match="P-5"):
            finalise(batch, [alone], PUBLIC)
    both = [evaluate(k1, p1, batch.elements), evaluate(k2, p2, batch.elements)]
    assert finalise(batch, both, PUBLIC) == published


def test_every_rule_is_cited_where_it_is_enforced_and_has_a_test():
    here = Path(__file__).parent
    source = "".join(
        p.read_text() for p in (here / "../../../src/stillwatch/share/oprf").glob("*.py")
    )
    tests = "".join(path.read_text() for path in here.glob("test_*.py"))
    page = (here / "../../../docs/reference/oprf.md").read_text("utf-8")
    for number in range(1, 12):
        assert re.search(rf"# (P-\d+, )*P-{number}\b", source), number
        assert f"def test_p_{number}_" in tests, number
        assert f"| P-{number} |" in page, number


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_p_3_any_bytes_are_a_request_or_refused(raw):
    for read in (decoded, lambda data: opened_message(data, STRANGER)):
        with pytest.raises(RefusedError):
            read(raw)


def test_secrets_do_not_print():
    assert "scalars" not in repr(blind([b"x"]))
    assert repr(Blinded((), (), ())).startswith("<")
