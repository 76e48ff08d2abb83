"""What a token is turned into when it is changed where nobody may change it, without end and the same every time.

By letters, by what it claims under the issuer's own good signature, and by what its header asks for.
"""

import hmac
import json
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cryptography.hazmat.primitives import serialization

from tests.token_making import Signer, a_signer, unpadded

LONGEST: Final = 12_000  # characters; heads beyond 16 KiB are refused by the wire before anybody reads a token
BASE64URL: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

# For any claim: what is no text, or no text that could stand in a record.
NO_WORD: Final[tuple[Any, ...]] = (
    None, True, False, 0, 7, -1, 1.5, [], ["PRACTITIONER"], {}, {"a": "b"}, "", "\x00", "a\x00b", "line\nbreak",
    "\u202e", "\ud800", "\ufeff", "x" * 256,
)  # fmt: skip
NO_TIME: Final[tuple[Any, ...]] = (None, True, False, "", "0", "soon", [], [0], {}, 10**18, -(10**18), 0, -1, 1e300)


def bad_claims(now: int) -> dict[str, Sequence[Any]]:
    """For each claim values that no token of ours may have."""
    later = (now + 3_000, now + 10_000, str(now), float(now + 10_000))
    return {
        "iss": (*NO_WORD, "https://another.example", "http://127.0.0.1", "localhost"),
        "aud": (*(word for word in NO_WORD), "contactpoint ", "CONTACTPOINT", ["another"], [["contactpoint"]],
                ["contactpoint", 7], ["contactpoint"] * 11, {"contactpoint": True}),
        "sub": NO_WORD,
        "client_id": NO_WORD,
        "jti": NO_WORD,
        "exp": (*NO_TIME, now - 61, now - 3_600, now + 3_700, float(now - 61), str(now + 600)),
        "iat": (*NO_TIME, *later),
        "nbf": (None, True, "", str(now), [], {}, *later),
        "acting_role": (*NO_WORD, "practitioner", "PRACTITIONER ", "HEADMASTER", "PRACTITIONER SHIELD_OFFICER",
                        ["PRACTITIONER", "SHIELD_OFFICER"], "STEWARD\u200b"),
        "organisation": NO_WORD,
        "authority": (*NO_WORD, "E0800003", "E080000355", "e08000035", "E0800003\u0665", "X08000035", "E08000035 "),
        "scope": (None, True, 7, ["override"], {"override": True}, "a\x00b", "override\nsealed",
                  " ".join(f"s{number}" for number in range(51))),
        "nhs_number": (*NO_WORD, "9990000019", "999000001", "99900000180", "999 000 0018",
                       "\u0669\u0669\u0669\u0660\u0660\u0660\u0660\u0660\u0661\u0668", 9990000018),
        "cnf": (None, True, 7, "", [], {}, {"jkt": "a" * 43}, {"jwk": {"kty": "EC"}}, {"x5t#S256": ""},
                {"x5t#S256": 7}, {"x5t#S256": "A" * 42}, {"x5t#S256": "A" * 44}, {"x5t#S256": "A" * 42 + "B"},
                {"x5t#S256": "A" * 43, "jkt": "A" * 43}, {"x5t#S256": "A" * 43}, {"x5t": "A" * 27}),
        "acr": (None, True, 7, [], {}),
        "amr": (None, True, "mfa", {}, [7], [["mfa"]], ["pwd"] * 11),
    }  # fmt: skip


def of_text(good: str, other: str, dice: random.Random) -> Iterator[str]:
    """Another text than the token, though it may be close to it."""
    header, claims, signature = good.split(".")
    parts, strangers = [header, claims, signature], other.split(".")
    yield from (
        "", ".", "..", "...", f"{header}.{claims}.", f"{header}..{signature}", f".{claims}.{signature}",
        f"{header}.{claims}", f"{good}.", f".{good}", f"{good}.{signature}", f"{good} {good}", f"{good},{good}",
        good.lower(), good.upper(), good.swapcase(), good[::-1], f'"{good}"', f"<{good}>", good.replace(".", ":"),
        good.replace(".", "%2E"), f"Bearer {good}", f" {good}", f"\t{good}", good + "=", good + "==", good * 2,
        good.replace("-", "+").replace("_", "/") + "+", f"{strangers[0]}.{strangers[1]}.{signature}",
        f"{header}.{strangers[1]}.{signature}", f"{header}.{claims}.{strangers[2]}", "null", "undefined", "{}",
        json.dumps({"payload": claims, "protected": header, "signature": signature}), "a" * 8_193,
        f"{good}{'A' * 8_000}",
    )  # fmt: skip
    while True:
        part = dice.randrange(3)
        text = parts[part]
        place = dice.randrange(len(text))
        letter = dice.choice(BASE64URL)
        match dice.randrange(8):
            case 0:
                text = text[:place] + letter + text[place + 1 :]
            case 1:
                text = text[:place] + letter + text[place:]
            case 2:
                text = text[:place] + text[place + 1 :]
            case 3:
                text = text[:place]
            case 4:
                text = (
                    text[:place]
                    + dice.choice("=+/ .,;:%&*!~@\"'\\{}[]()<>|^`$#?éß\u200b\u0660\ud83d\udc80")
                    + text[place:]
                )
            case 5:
                text = text[:place] + "".join(dice.choices(BASE64URL, k=dice.randrange(1, 9))) + text[place + 4 :]
            case 6:
                end = place + dice.randrange(1, 30)
                text = text[:place] + text[place:end][::-1] + text[end:]
            case _:
                text = text[place:] + text[:place]
        yield ".".join([*parts[:part], text, *parts[part + 1 :]])


def of_claims(claims: dict[str, Any], signer: Signer, dice: random.Random) -> Iterator[str]:
    """Signed as well as any, and saying what no token may: one claim at a time, then several."""
    header = json.dumps({"alg": "ES256", "typ": "at+jwt", "kid": signer.kid}).encode()
    whole = json.dumps(claims)
    bad = bad_claims(claims["iat"])
    for name, values in bad.items():
        yield from (signer.token(claims | {name: value}) for value in values)
    for name in ("iss", "aud", "exp", "iat", "sub", "client_id", "jti", "acting_role", "organisation"):
        yield signer.token({other: value for other, value in claims.items() if other != name})
        yield signer.raw(header, whole[:-1].encode() + f', "{name}": {json.dumps(claims[name])}}}'.encode())
    for role in ("SHIELD_OFFICER", "STEWARD", "AUDITOR"):
        for weak in ({}, {"acr": "0"}, {"amr": ["pwd"]}, {"acr": "mfa", "amr": ["urn:contactpoint:assurance:high"]}):
            without = {name: value for name, value in claims.items() if name not in {"acr", "amr"}}
            yield signer.token(without | {"acting_role": role} | weak)
    for text in (
        "", " ", "null", "7", '"text"', "[]", f"[{whole}]", whole[:-1], whole + "}", whole + " x", whole[:-1] + ",}",
        "\ufeff" + whole, whole.replace('"', "'"), f"/* */{whole}", whole[:-1] + ', "x": NaN}',
        whole[:-1] + ', "x": Infinity}', whole[:-1] + ', "x": -Infinity}', whole[:-1] + ', "x": 1e999}',
        whole[:-1] + f', "x": {2**63}}}', whole[:-1] + f', "x": {-(2**63) - 1}}}',
        whole[:-1] + f', "x": {"9" * 5_000}}}',
        whole[:-1] + ', "x": {"a": 1, "a": 1}}', whole[:-1] + ', "x": [{"a": {"b": 1, "b": 2}}]}',
        whole[:-1] + f', "x": {"[" * 8}{"]" * 8}}}', whole[:-1] + f', "x": {"[" * 2_000}{"]" * 2_000}}}',
        whole[:-1] + ', "x": "\x01"}', whole[:-1] + ', "x": 01}', whole[:-1] + ', "x": 0x1}',
        whole[:-1] + ', "\\u0073ub": "x"}',
    ):  # fmt: skip
        yield signer.raw(header, text.encode())
    for data in (
        whole.encode("utf-16"),
        whole.encode("utf-16-le"),
        whole.encode()[:-1] + b', "x": "\xff"}',
        b"\xff\xfe",
    ):
        yield signer.raw(header, data)
    while True:
        changed = dict(claims)
        for name in dice.sample(sorted(bad), dice.randrange(1, 4)):
            changed[name] = dice.choice(bad[name])
        yield signer.token(changed)


def of_headers(claims: dict[str, Any], signer: Signer, dice: random.Random) -> Iterator[str]:
    """A header that asks for another way to verify, or is another kind of token's."""
    body = json.dumps(claims).encode()
    thief = a_signer(kid=signer.kid)
    own_key = thief.published
    yield thief.token(claims)
    yield thief.token(claims, {"jwk": own_key})
    yield thief.token(claims, {"kid": "another"})
    yield thief.raw(json.dumps({"alg": "ES256", "typ": "at+jwt"}).encode(), body)
    for algorithm in ("RS256", "PS256", "EdDSA"):
        yield a_signer(algorithm, kid=signer.kid).token(claims)
    public = signer.key.public_key
    for secret in (
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint),
        json.dumps(signer.published).encode(),
        signer.kid.encode(),
    ):
        for algorithm in ("HS256", "ES256"):
            header = json.dumps({"alg": algorithm, "typ": "at+jwt", "kid": signer.kid}).encode()
            signed = f"{unpadded(header)}.{unpadded(body)}"
            yield f"{signed}.{unpadded(hmac.digest(secret, signed.encode(), 'sha256'))}"
    for nothing in ("none", "None", "NONE", "nOnE", ""):
        header = json.dumps({"alg": nothing, "typ": "at+jwt", "kid": signer.kid}).encode()
        yield f"{unpadded(header)}.{unpadded(body)}."
        yield signer.raw(header, body)
    usual = f'{{"alg": "ES256", "typ": "at+jwt", "kid": "{signer.kid}"'
    for rest in (
        ', "alg": "ES256"}',
        ', "typ": "JWT"}',
        ', "x": NaN}',
        ', "x": {"a": 1, "a": 1}}',
        "",
        "}}",
        f', "x": "{"y" * 1_024}"}}',
    ):
        yield signer.raw((usual + rest).encode(), body)
    for text in ("", "null", "[]", "7", '"ES256"', "{}"):
        yield signer.raw(text.encode(), body)
    bad: dict[str, Sequence[Any]] = {
        "typ": (*NO_WORD, "JWT", "jwt", "at+jws", "logout+jwt", "id+jwt", "application/jwt", "at+jwt ", "at jwt",
                 "secevent+jwt"),
        "alg": (*NO_WORD, "HS256", "HS512", "RS256", "RS384", "PS256", "ES384", "ES512", "ES256K", "EdDSA",
                "es256", "ES256 ", "RSA1_5"),
        "kid": (*NO_WORD, "another", signer.kid + " ", signer.kid.upper() + "x", "../../etc/passwd", "'; --",
                "x" * 257),
        "crit": ([], ["exp"], ["b64"], None, "exp"),
        "jku": ("http://127.0.0.1:9/keys", "", None, claims["iss"] + "/jwks"),
        "jwk": (own_key, signer.published, {}, None),
        "x5u": ("http://127.0.0.1:9/certificate", None),
        "x5c": ([], ["MIIB"], None),
        "b64": (True, False, None),
        "zip": ("DEF", None),
        "enc": ("A128GCM", None),
    }  # fmt: skip
    for name, values in bad.items():
        yield from (signer.token(claims, {name: value}) for value in values)
    while True:
        changed: dict[str, Any] = {}
        for name in dice.sample(sorted(bad), dice.randrange(1, 4)):
            changed[name] = dice.choice(bad[name])
        yield dice.choice((signer, thief)).token(claims, changed)


def first(count: int, mutants: Iterator[str], good: str) -> Iterator[str]:
    """So many different ones, none of them the token itself, nor what HTTP would make the token of."""
    said = {good}
    for mutant in mutants:
        if mutant.strip(" \t") not in said:
            said.add(mutant.strip(" \t"))
            yield mutant
        if len(said) > count:
            return


def over_http(mutants: Iterator[str]) -> Iterator[str]:
    """Those that can be said in a header at all."""
    for mutant in mutants:
        text = mutant.encode("utf-8", "surrogatepass")
        if len(mutant) <= LONGEST and not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", text):
            yield mutant
