"""Somebody else's library reads what we sign: sd-jwt, of the authors of RFC 9901. Nothing of ours verifies here."""

import base64
import hashlib
import json
from itertools import combinations

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import InvalidJWSObject, InvalidJWSSignature
from sd_jwt.verifier import SDJWTVerifier

from tipstaff.ledger.models import Event, SigningKey


def exported(event: Event, names: set[str]) -> str:
    """RFC 9901 4: the issuer-signed JWT and the disclosures of `names`."""
    told = [disclosure.encoded for disclosure in event.disclosures.all() if disclosure.name in names]
    return "~".join([event.leaf.jws, *told, ""])


def verified(presentation: str) -> dict:
    def key_of(_issuer: str, header: dict) -> JWK:
        raw = bytes(SigningKey.objects.get(kid=header["kid"]).public)
        return JWK(kty="OKP", crv="Ed25519", x=base64.urlsafe_b64encode(raw).rstrip(b"=").decode())

    return SDJWTVerifier(presentation, key_of).get_verified_payload()


@pytest.fixture
def event(signed: str) -> Event:
    return Event.objects.get(stream="case:one", seq=2)


@pytest.mark.parametrize(
    "names",
    [set(names) for count in range(3) for names in combinations(["number", "text"], count)],
    ids=lambda names: "-".join(sorted(names)) or "none",
)
def test_any_choice_of_facts_verifies_and_shows_those_alone(event: Event, names: set[str]) -> None:
    presentation = exported(event, names)
    payload = verified(presentation)
    assert {name: payload[name] for name in ("number", "text") if name in payload} == {
        name: value for name, value in event.told().items() if name in names
    }
    assert payload["id"] == str(event.pk)
    assert (payload["stream"], payload["seq"], payload["type"]) == ("case:one", 2, "case.noted")
    assert payload["at"] == event.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    hidden = [str(value) for name, value in event.told().items() if name not in names and len(str(value)) > 3]
    clear = b"".join(
        base64.urlsafe_b64decode(part + "==") for part in presentation.replace("~", ".").split(".") if part
    )
    assert not [text for text in hidden if text.encode() in clear]


def test_each_event_points_at_the_one_before_it(event: Event) -> None:
    before = Event.objects.get(stream="case:one", seq=1)
    leaf_hash = hashlib.sha256(b"\x00" + before.leaf.jws.encode()).digest()
    assert verified(exported(event, set()))["prev"] == base64.urlsafe_b64encode(leaf_hash).rstrip(b"=").decode()
    assert verified(exported(before, set())).get("prev") is None


def test_an_event_of_the_product_verifies_with_every_fact(signed: str) -> None:
    enrolled = Event.objects.filter(kind="person.enrolled").first()
    assert enrolled is not None
    told = enrolled.told()
    payload = verified(exported(enrolled, set(told)))
    assert {name: payload.get(name) for name in told} == told
    assert payload["actor"]["kind"] == "system"


@pytest.mark.parametrize("part", [0, 1, 2])
def test_one_character_less_true_is_refused(event: Event, part: int) -> None:
    parts = event.leaf.jws.split(".")
    parts[part] = ("B" if parts[part][4] != "B" else "C").join([parts[part][:4], parts[part][5:]])
    with pytest.raises((InvalidJWSObject, InvalidJWSSignature, ValueError, SigningKey.DoesNotExist)):
        verified(".".join(parts) + "~")


def test_a_fact_of_our_own_making_is_not_taken(event: Event) -> None:
    forged = base64.urlsafe_b64encode(json.dumps(["c2FsdA", "text", "forged"]).encode()).rstrip(b"=").decode()
    assert "text" not in verified(f"{event.leaf.jws}~{forged}~")
