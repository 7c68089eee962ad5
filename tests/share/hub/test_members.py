"""Who may ask: invitations, keys, signatures, nonces, roles, quotas, reading tokens."""

from __future__ import annotations

import base64
import os
import time

import pytest
from hub_world import CLIENT, OBJECTS, TAXII, Lab, World

from stillwatch.ledger import COSIGNATURE, SigningKey
from stillwatch.share.hub.membership import (
    proof_text,
    set_quota,
    set_reading_token,
    set_state,
)


def refused(answer, status, rule):
    assert (answer.status_code, answer.json()["error_code"]) == (status, rule), answer.text
    return answer.json()


def member(world, lab):
    return world.hub.roster.by_id[lab.id]


def test_h_1_an_invitation_is_good_once_and_for_its_time(own):
    token = own.token("Gamma")
    first, second = (Lab(own, SigningKey.generate("gamma")) for _ in range(2))
    assert first.join(token, "Delta").status_code == 403
    joined = first.join(token, "Gamma")
    assert joined.status_code == 201
    assert joined.json()["roles"] == ["publish"]
    assert joined.json()["log"]["verify_key"] == own.key.public.encode()
    again = first.join(token, "Gamma")
    assert again.json() == joined.json()
    refused(second.join(token, "Gamma"), 403, "H-1")
    refused(second.join("wrong", "Gamma"), 403, "H-1")
    late = own.token("Late", days=1)
    own.clock.offset = 2 * 86_400
    refused(second.join(late, "Late"), 403, "H-1")


def test_h_8_wrong_tries_to_join_are_few_and_a_good_invitation_is_heard_all_the_same(own):
    stranger = Lab(own, SigningKey.generate("stranger"))
    token = own.token("Gamma")
    answers = [stranger.join("wrong", "Gamma") for _ in range(12)]
    assert {answer.status_code for answer in answers} == {403, 429}
    last = refused(answers[-1], 429, "H-8")
    assert "tries" in last["description"]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 11
    assert Lab(own, SigningKey.generate("gamma")).join(token, "Gamma").status_code == 201


def test_joining_needs_the_key_that_signs(own):
    token = own.token("Gamma")
    lab = Lab(own, SigningKey.generate("gamma"))
    other = SigningKey.generate("other")
    body = {
        "invitation": token, "name": "Gamma", "verify_key": other.public.encode(),
        "sealing_key": base64.b64encode(bytes(range(32))).decode(),
    }  # fmt: skip
    refused(lab.ask("POST", "/exchange/v1/join", body), 401, "R-9")
    refused(own.alpha.ask("POST", "/exchange/v1/join", body), 401, "H-1")
    for name, value in (("verify_key", "x"), ("sealing_key", "x"), ("extra", 1), ("name", 3)):
        bad = {**body, "verify_key": lab.key.public.encode(), name: value}
        refused(lab.ask("POST", "/exchange/v1/join", bad), 400, "H-0")
    witness = SigningKey.generate("w", COSIGNATURE)
    refused(
        lab.ask("POST", "/exchange/v1/join", {**body, "verify_key": witness.public.encode()}),
        400,
        "H-0",
    )
    taken = {**body, "verify_key": own.alpha.key.public.encode()}
    refused(own.alpha.ask("POST", "/exchange/v1/join", taken), 409, "H-6")


def test_requests_without_a_good_signature_are_401(world):
    lab = world.alpha
    bare = CLIENT.get(f"{world.url}/taxii2/")
    found = refused(bare, 401, "R-1")
    assert found["details"]["origin"] == world.url
    assert bare.headers["www-authenticate"].startswith("Signature")
    stranger = Lab(world, SigningKey.generate("stranger"))
    refused(stranger.get("/exchange/v1/me"), 401, "R-9")
    for seconds in (-400, 400):
        late = lab.ask("GET", "/exchange/v1/me", created=int(time.time()) + seconds)
        assert refused(late, 401, "R-7")["details"]["now"] == pytest.approx(time.time(), abs=30)
    moved = lab.signed("GET", "/exchange/v1/me")
    moved["url"] = f"{world.url}/exchange/v1/members"
    refused(CLIENT.request(**moved), 401, "R-11")
    posted = lab.signed("POST", OBJECTS, b'{"objects":[]}', {"Content-Type": TAXII})
    posted["content"] = b'{"objects":[1]}'
    refused(CLIENT.request(**posted), 401, "R-12")


def test_a_clock_five_minutes_off_is_still_good(world):
    for seconds in (-295, 295):
        answer = world.alpha.ask("GET", "/exchange/v1/me", created=int(time.time()) + seconds)
        assert answer.status_code == 200


def test_h_2_a_nonce_is_taken_once(world):
    request = world.alpha.signed("GET", "/exchange/v1/me")
    assert CLIENT.request(**request).status_code == 200
    refused(CLIENT.request(**request), 401, "H-2")
    nonce = os.urandom(12).hex()
    assert world.alpha.ask("GET", "/exchange/v1/me", nonce=nonce).status_code == 200
    assert world.beta.ask("GET", "/exchange/v1/me", nonce=nonce).status_code == 200
    refused(world.alpha.ask("GET", "/exchange/v1/members", nonce=nonce), 401, "H-2")


def test_h_2_a_nonce_is_remembered_over_a_restart(tmp_path):
    made = World(tmp_path)
    with made.serving():
        lab = made.lab("Alpha")
        request = lab.signed("GET", "/exchange/v1/me")
        assert CLIENT.request(**request).status_code == 200
        origin = made.url
    made.settings["origin"] = origin
    with made.serving():
        request["url"] = request["url"].replace(origin, made.url)
        refused(CLIENT.request(**request), 401, "H-2")
        fresh = lab.signed("GET", "/exchange/v1/me")
        assert fresh["url"].startswith(made.url)


def test_keys_rotate_with_an_overlap(own):
    lab = own.alpha
    new = SigningKey.generate("alpha-2")

    def change(key, signer, **more):
        text = key.public.encode()
        said = proof_text(lab.id, text, lab.key.public.key_id)
        body = {"verify_key": text, "proof": base64.b64encode(signer.sign(said)).decode()}
        body |= {"consent": base64.b64encode(lab.key.sign(said)).decode(), **more}
        return lab.ask("POST", "/exchange/v1/keys", body)

    refused(change(new, lab.key), 403, "H-1")
    refused(change(new, new, consent=base64.b64encode(bytes(64)).decode()), 403, "H-1")
    refused(change(new, new, overlap_seconds=90_000), 400, "H-0")
    refused(change(lab.key, lab.key), 409, "H-6")
    done = change(new, new, overlap_seconds=60)
    assert done.status_code == 201, done.text
    old = lab.key
    assert lab.get("/exchange/v1/me").status_code == 200
    assert lab.ask("GET", "/exchange/v1/me", key=new).status_code == 200
    own.clock.offset = 61
    refused(lab.get("/exchange/v1/me"), 401, "R-9")
    lab.key = new
    shown = {m["member"]: m for m in lab.get("/exchange/v1/members").json()["members"]}
    keys = {k["key_id"]: k["until"] for k in shown[lab.id]["verify_keys"]}
    assert keys[new.public.key_id] is None
    assert keys[old.public.key_id] is not None
    refused(lab.ask("POST", "/exchange/v1/keys/retire", {"key_id": new.public.key_id}), 409, "H-6")
    changes = [r["object"]["change"] for r in lab.get("/exchange/v1/records").json()["records"]]
    assert changes == ["joined", "joined", "key"]


def test_a_key_that_leaked_is_retired_at_once(own):
    lab, new = own.alpha, SigningKey.generate("alpha-2")
    said = proof_text(lab.id, new.public.encode(), lab.key.public.key_id)
    body = {"verify_key": new.public.encode()}
    for name, key in (("proof", new), ("consent", lab.key)):
        body[name] = base64.b64encode(key.sign(said)).decode()
    assert lab.ask("POST", "/exchange/v1/keys", body).status_code == 201
    leaked, lab.key = lab.key, new
    done = lab.ask("POST", "/exchange/v1/keys/retire", {"key_id": leaked.public.key_id})
    assert done.status_code == 200
    refused(lab.ask("GET", "/exchange/v1/me", key=leaked), 401, "R-9")


def test_suspended_members_are_refused_and_the_log_says_so(own):
    own.operate(lambda journal: set_state(journal, member(own, own.beta), "suspended"))
    refused(own.beta.get("/exchange/v1/me"), 403, "H-1")
    refused(own.beta.get("/taxii2/"), 403, "H-1")
    own.operate(lambda journal: set_state(journal, member(own, own.beta), "active"))
    assert own.beta.get("/exchange/v1/me").json()["state"] == "active"
    assert own.beta.ask("POST", "/exchange/v1/leave").json()["state"] == "left"
    refused(own.beta.get("/exchange/v1/me"), 403, "H-1")
    changes = [
        r["object"]["change"] for r in own.alpha.get("/exchange/v1/records").json()["records"]
    ]
    assert changes == ["joined", "joined", "suspended", "resumed", "left"]


def test_h_3_roles(own):
    reader, observer, counsel = (own.lab(n, n.lower()) for n in ("Read", "Observe", "Counsel"))
    item = own.alpha.publish()
    body = b'{"objects":[%b]}' % b"{}"
    refused(reader.ask("POST", OBJECTS, body), 403, "H-3")
    assert reader.see(item.id)
    refused(reader.get("/exchange/v1/audit"), 403, "H-3")
    for lab in (observer, counsel):
        refused(lab.get(OBJECTS), 403, "H-3")
        refused(lab.get("/exchange/v1/epochs"), 403, "H-3")
        assert lab.get("/exchange/v1/members").status_code == 200
        found = lab.get("/exchange/v1/records").json()["records"]
        assert {r["kind"] for r in found} == {"member"}
    assert observer.get("/exchange/v1/audit").status_code == 403
    assert counsel.get("/exchange/v1/audit").status_code == 200
    shown = observer.get("/taxii2/api/collections/").json()["collections"][0]
    assert (shown["can_read"], shown["can_write"]) == (False, False)


def test_h_8_quotas_of_each_member(own):
    own.operate(lambda journal: set_quota(journal, member(own, own.alpha), 0.05, None))
    own.alpha.post(*(own.alpha.make() for _ in range(3)))
    answer = own.alpha.post(own.alpha.make())
    refused(answer, 429, "H-8")
    assert 0 < int(answer.headers["retry-after"]) <= 61
    own.beta.publish()
    own.operate(lambda journal: set_quota(journal, member(own, own.beta), None, 0.05))
    codes = [own.beta.get("/exchange/v1/me").status_code for _ in range(5)]
    assert codes[0] == 200
    assert codes[-1] == 429


def test_reading_tokens_read_taxii_and_nothing_else(tmp_path):
    with World(tmp_path, basic=True).serving() as hub:
        lab = hub.lab("Alpha")
        item = lab.publish()
        headers = {"Accept": TAXII}

        def read(path, user, token):
            return CLIENT.get(hub.url + path, auth=(user, token), headers=headers)

        refused(read("/taxii2/", lab.id, "secret"), 401, "H-1")
        hub.operate(lambda journal: set_reading_token(journal, member(hub, lab), "secret"))
        assert read(OBJECTS, lab.id, "secret").json()["objects"][0]["id"] == item.id
        answer = read(OBJECTS, lab.id, "Secret")
        refused(answer, 401, "H-1")
        assert "Basic" in answer.headers["www-authenticate"]
        refused(read(OBJECTS, "nobody", "secret"), 401, "H-1")
        refused(read("/exchange/v1/me", lab.id, "secret"), 401, "R-1")
        posted = CLIENT.post(
            hub.url + OBJECTS, auth=(lab.id, "secret"), content=b"{}",
            headers={**headers, "Content-Type": TAXII},
        )  # fmt: skip
        refused(posted, 401, "R-1")
        hub.operate(lambda journal: set_reading_token(journal, member(hub, lab), None))
        refused(read(OBJECTS, lab.id, "secret"), 401, "H-1")
        refused(read(OBJECTS, lab.id, ""), 401, "H-1")


def test_reading_tokens_are_good_only_where_the_operator_allows(own):
    own.operate(lambda journal: set_reading_token(journal, member(own, own.alpha), "secret"))
    answer = CLIENT.get(f"{own.url}/taxii2/", auth=(own.alpha.id, "secret"))
    refused(answer, 401, "R-1")


def test_no_secret_is_at_rest(own):
    from stillwatch.share.hub.membership import invite  # noqa: PLC0415

    own.operate(lambda journal: invite(journal, "open sesame", "X", ["read"], journal.now + 10**9))
    own.operate(lambda journal: set_reading_token(journal, member(own, own.alpha), "wolf's hour"))
    held = b"".join(p.read_bytes() for p in own.folder.glob("hub.sqlite*"))
    assert b"open sesame" not in held
    assert b"wolf's hour" not in held
