"""What a token may say, to the letter: the strict reading, checked against a plainer one that knows the rules alone."""

import json
import re
import string
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.records import NhsNumber
from gateway.claims import ClaimRules, bearer_of
from gateway.token_text import NotAToken, from_base64url, read_token
from gateway.viewer import Role
from tests.token_making import good_claims, unpadded

NOW = 1_800_000_000
ISSUER = "https://issuer.example"
RULES = ClaimRules(audience="contactpoint", print_of=lambda number: number.value.encode())
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "key-1"}


def claims(**changes: Any) -> dict[str, Any]:
    return good_claims(ISSUER, NOW, **changes)


def text(
    header: str | Mapping[str, Any] = HEADER, claims: str | Mapping[str, Any] = "{}", signature: str = "AAAA"
) -> str:
    parts = (part if isinstance(part, str) else json.dumps(part) for part in (header, claims))
    return ".".join([*(unpadded(part.encode()) for part in parts), signature])


def test_a_token_is_taken_apart() -> None:
    """Its two objects, what was signed, and the signature's bytes."""
    read = read_token(text(claims=claims()))
    assert (read.header, read.claims, read.signature) == (HEADER, claims(), b"\x00\x00\x00")
    assert read.signed == text(claims=claims()).rpartition(".")[0].encode()
    assert (read.issuer, read.algorithm, read.kid) == (ISSUER, "ES256", "key-1")


@given(st.binary(max_size=100))
def test_bytes_have_one_spelling(data: bytes) -> None:
    """Every other text of the same length or padded is refused, so that no two texts are one token."""
    assert from_base64url(unpadded(data)) == data
    for other in (unpadded(data) + "=", unpadded(data) + "\n", " " + unpadded(data)):
        with pytest.raises(ValueError):  # noqa: PT011 - which, nobody is told
            from_base64url(other)


@given(st.text(alphabet=string.ascii_letters + string.digits + "-_+/=", max_size=12))
def test_what_is_no_bytes_spelling_is_refused(spelt: str) -> None:
    """Whatever is read can be spelt back to the letter."""
    try:
        data = from_base64url(spelt)
    except ValueError:
        return
    assert unpadded(data) == spelt


@pytest.mark.parametrize("kind", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+JWT"])
def test_a_header_says_that_it_is_an_access_tokens(kind: str) -> None:
    """CASES 23: RFC 9068's type, in any case of letters, with or without its family."""
    assert read_token(text(header=HEADER | {"typ": kind})).header["typ"] == kind


@pytest.mark.parametrize("kind", ["JWT", "logout+jwt", "at+jws", "at+jwt ", "", None, 7, ["at+jwt"]])
def test_what_a_header_says_is_something_else_is_refused(kind: Any) -> None:
    """CASES 23: an ID token may say all that an access token says, but for this."""
    with pytest.raises(NotAToken):
        read_token(text(header=HEADER | {"typ": kind}))


def test_a_header_of_more_than_a_kibibyte_is_refused() -> None:
    """It has four members to say."""
    filling = 1_024 - len(json.dumps(HEADER | {"x": ""}))
    read_token(text(header=HEADER | {"x": "y" * filling}))
    with pytest.raises(NotAToken):
        read_token(text(header=HEADER | {"x": "y" * (filling + 1)}))


def test_claims_nest_eight_deep_at_most() -> None:
    """The outermost object is the first."""
    read_token(text(claims='{"x": ' + "[" * 7 + "]" * 7 + "}"))
    with pytest.raises(NotAToken):
        read_token(text(claims='{"x": ' + "[" * 8 + "]" * 8 + "}"))


def test_numbers_are_such_as_every_reader_takes_alike() -> None:
    """Whole ones of 64 bits at most, and none beyond all numbers."""
    for number in (2**63 - 1, -(2**63)):
        assert read_token(text(claims={"x": number})).claims == {"x": number}
    for number in (2**63, -(2**63) - 1, "1e999", "-1e999", "NaN", "Infinity"):
        with pytest.raises(NotAToken):
            read_token(text(claims=f'{{"x": {number}}}'))


@pytest.mark.parametrize("written", ['{"a": 1, "a": 1}', '{"a": 1, "\\u0061": 2}', '{"b": [{"a": {"c": 1, "c": 1}}]}'])
def test_a_member_said_twice_is_refused_at_any_depth(written: str) -> None:
    """Two readers could each believe another of the two."""
    with pytest.raises(NotAToken):
        read_token(text(claims=written))
    with pytest.raises(NotAToken):
        read_token(text(header=json.dumps(HEADER)[:-1] + f', "x": {written}}}'))


def test_what_a_bearer_is() -> None:
    """Each member from its claim; the NHS number as its print alone."""
    bearer, expires = bearer_of(
        claims(
            authority="E08000035", scope="override  sealed", nhs_number="9990000018", nbf=NOW, aud=["a", "contactpoint"]
        ),
        RULES,
        NOW,
    )
    assert expires == NOW + 900
    assert (bearer.issuer, bearer.subject, bearer.client, bearer.jti) == (ISSUER, "teacher-1", "front-end", "token-1")
    assert (bearer.role, bearer.organisation, bearer.authority) == (Role.PRACTITIONER, "school-1", "E08000035")
    assert bearer.scopes == {"override", "sealed"}
    assert (bearer.own_print, bearer.thumbprint) == (b"9990000018", None)


def test_where_there_are_several_issuers_their_people_and_tokens_never_meet() -> None:
    """`nhs:7` is nobody that another issuer can name; what is called back is the token's own id."""
    several = ClaimRules(audience="contactpoint", names={ISSUER: "nhs", "https://leeds.example": "leeds"})
    bearer, _ = bearer_of(claims(), several, NOW)
    assert (bearer.subject, bearer.token, bearer.jti) == ("nhs:teacher-1", "nhs:token-1", "token-1")


@pytest.mark.parametrize("role", [Role.SHIELD_OFFICER, Role.STEWARD, Role.AUDITOR])
def test_strong_roles_need_strong_authentication(role: Role) -> None:
    """Either word that the settings take for it; a practitioner's token need not have one."""
    for strong in ({"acr": "urn:contactpoint:assurance:high"}, {"amr": ["pwd", "mfa"]}):
        assert bearer_of(claims(acting_role=role.value, **strong), RULES, NOW)[0].role is role
    for weak in ({}, {"acr": "low"}, {"amr": ["pwd", "hwk"]}, {"acr": "mfa"}):
        with pytest.raises(NotAToken):
            bearer_of(claims(acting_role=role.value, **weak), RULES, NOW)
        assert bearer_of(claims(acting_role="PRACTITIONER", **weak), RULES, NOW)
        lax = ClaimRules(audience="contactpoint", strong_roles=frozenset())
        assert bearer_of(claims(acting_role=role.value, **weak), lax, NOW)


@pytest.mark.parametrize(
    ("times", "good"),
    [
        ({"exp": NOW - 59, "iat": NOW - 600}, True),
        ({"exp": NOW - 60, "iat": NOW - 600}, False),
        ({"iat": NOW + 60, "exp": NOW + 61}, True),
        ({"iat": NOW + 61, "exp": NOW + 62}, False),
        ({"iat": NOW + 61, "exp": NOW + 62, "nbf": NOW}, False),
        ({"nbf": NOW + 60}, True),
        ({"nbf": NOW + 61}, False),
        ({"iat": NOW, "exp": NOW + 3_600}, True),
        ({"iat": NOW, "exp": NOW + 3_601}, False),
        ({"iat": NOW, "exp": NOW}, False),
        ({"iat": NOW - 0.5, "exp": NOW + 0.5}, True),
    ],
    ids=str,
)
def test_times_to_the_second(times: dict[str, float], good: bool) -> None:
    """CASES 24: a minute of skew and no more, an hour of life and no more, an end after the beginning."""
    if good:
        assert bearer_of(claims(**times), RULES, NOW)
    else:
        with pytest.raises(NotAToken):
            bearer_of(claims(**times), RULES, NOW)


# A plainer reader of claims, written from RFC 9068 and the settings' page.


def lawful(said: Mapping[str, Any]) -> bool:
    def word(name: str) -> bool:
        return isinstance(said.get(name), str) and 1 <= len(said[name]) <= 255 and said[name].isprintable()

    def moment(name: str) -> bool:
        return type(said.get(name)) in (int, float)

    def texts(name: str) -> bool:
        return isinstance(said[name], list) and len(said[name]) <= 10 and {type(one) for one in said[name]} <= {str}

    return (
        all(word(name) for name in ("sub", "client_id", "jti", "organisation"))
        and isinstance(said.get("iss"), str)
        and said.get("acting_role") in [role.value for role in Role]
        and (said.get("aud") == "contactpoint" or ("aud" in said and texts("aud") and "contactpoint" in said["aud"]))
        and moment("iat") and moment("exp") and ("nbf" not in said or moment("nbf"))
        and said["exp"] + 60 > NOW and said["iat"] <= NOW + 60 and said.get("nbf", NOW) <= NOW + 60
        and 0 < said["exp"] - said["iat"] <= 3_600
        and ("authority" not in said or (isinstance(said["authority"], str)
             and re.fullmatch("[EWSN][0-9]{8}", said["authority"]) is not None))
        and ("scope" not in said or (isinstance(said["scope"], str) and said["scope"].isprintable()
             and len(said["scope"].split()) <= 50))
        and ("acr" not in said or isinstance(said["acr"], str)) and ("amr" not in said or texts("amr"))
        and (said["acting_role"] not in ("SHIELD_OFFICER", "STEWARD", "AUDITOR")
             or said.get("acr") == "urn:contactpoint:assurance:high" or "mfa" in said.get("amr", []))
        and ("nhs_number" not in said or said["nhs_number"] in ("9990000018", "9990000026"))
        and ("cnf" not in said or said["cnf"] == {"x5t#S256": "A" * 43})
    )  # fmt: skip


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
LIKELY = {
    "iss": st.just(ISSUER),
    "aud": st.sampled_from(["contactpoint", ["contactpoint"], ["a", "contactpoint"], ["a"], [], ["contactpoint"] * 11]),
    "sub": st.text(min_size=250, max_size=260, alphabet="ab") | st.text(max_size=3),
    "client_id": st.text(max_size=3),
    "jti": st.text(max_size=3),
    "iat": st.integers(NOW - 4_000, NOW + 70) | st.floats(NOW - 70, NOW + 70),
    "exp": st.integers(NOW - 70, NOW + 4_000) | st.floats(NOW - 70, NOW + 70),
    "nbf": st.integers(NOW - 70, NOW + 70),
    "acting_role": st.sampled_from([*(role.value for role in Role), "HEADMASTER", ["PRACTITIONER"]]),
    "organisation": st.text(max_size=3),
    "authority": st.sampled_from(["E08000035", "W06000015", "X08000035", "E0800003", "E080000350", "E0800003\u0665"]),
    "scope": st.sampled_from(["", "a", "a b", "a\tb", " ".join("abcde" * 10), " ".join("abcde" * 10) + " f"]),
    "acr": st.sampled_from(["urn:contactpoint:assurance:high", "low"]),
    "amr": st.sampled_from([[], ["mfa"], ["pwd"], ["pwd", "mfa"], ["mfa"] * 11]),
    "nhs_number": st.sampled_from(["9990000018", "9990000026", "9990000019", "999 000 0018"]),
    "cnf": st.sampled_from(
        [
            {"x5t#S256": "A" * 43},
            {"x5t#S256": "A" * 42 + "B"},
            {"x5t#S256": "A" * 44},
            {"jkt": "A" * 43},
            {"x5t#S256": "A" * 43, "jkt": "A" * 43},
        ]
    ),
}


@settings(max_examples=1_000)
@given(st.data())
def test_claims_are_believed_if_and_only_if_the_plainer_reader_believes_them(data: st.DataObject) -> None:
    """Any few of them changed, left out or added, to what is likely or to anything at all."""
    said = claims()
    for name in data.draw(st.lists(st.sampled_from(sorted(LIKELY)), max_size=4, unique=True)):
        match data.draw(st.sampled_from(["likely", "likely", "likely", "anything", "gone"])):
            case "likely":
                said[name] = data.draw(LIKELY[name])
            case "anything":
                said[name] = data.draw(ANYTHING)
            case _:
                said.pop(name, None)
    try:
        bearer, expires = bearer_of(said, RULES, NOW)
    except NotAToken:
        assert not lawful(said)
    else:
        assert lawful(said)
        assert (bearer.subject, bearer.role.value, expires) == (said["sub"], said["acting_role"], said["exp"])


@given(st.text() | st.lists(st.text(alphabet="eyJ0-_A.", max_size=20), max_size=4).map(".".join))
def test_whatever_is_read_it_is_a_token_or_it_is_none(said: str) -> None:
    """No text makes the reader fail otherwise."""
    try:
        read_token(said)
    except NotAToken:
        return
    raise AssertionError("a text that is no token was read as one")


@given(ANYTHING, st.sampled_from(["typ", "alg", "kid", "crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"]))
def test_whatever_a_header_says_it_is_a_tokens_or_none(value: Any, name: str) -> None:
    """CASES 22: a `kid` may be another text; nothing else may be otherwise than it is."""
    try:
        read = read_token(text(header=HEADER | {name: value}))
    except NotAToken:
        return
    assert name == "kid"
    assert read.kid == value


def test_nobodys_number_is_kept() -> None:
    """Without a key for prints there is none, and the number goes nowhere else."""
    bearer, _ = bearer_of(claims(nhs_number="9990000018"), ClaimRules(audience="contactpoint"), NOW)
    assert bearer.own_print is None
    assert NhsNumber("9990000018").value not in repr(bearer)
