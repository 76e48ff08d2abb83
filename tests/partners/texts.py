"""A partner, what it is registered for, and texts that it might publish."""

import hashlib
import json
from collections.abc import Mapping

from adapters.store.entries import Organisation
from adapters.store.registry_records import Partner, PublishedDocument
from gateway.classes import CLASSES
from gateway.operations.documents import Documents
from gateway.operations.limits import Limits
from gateway.partners.manifest import Entry
from gateway.partners.publishing import Judgement, judge
from schema.built import field_guards, graphql_schema

CMS = Organisation("partner-1", "Case Management", "PARTNER", None, frozenset({"CHILD_WELFARE", "EDUCATION"}))
REGISTERED = Partner(
    "partner-1",
    frozenset({"IDENTITY", "PARENT_NAMES", "ADDRESS", "SCHOOL", "KEY"}),
    frozenset({"viewer", "child", "childByKey", "children"}),
)

NAME = "query ChildsName($number: ID!) { child(number: $number) { number name { given family } } }"
SCHOOL = "query ChildsSchool($number: ID!) { child(number: $number) { enrolments { school { urn } } } }"

# What `contactpoint registry apply` reads of such a partner.
REGISTRATION = """
[[organisation]]
id = "partner-1"
name = "Case Management"
kind = "PARTNER"
purposes = ["CHILD_WELFARE"]

[[partner]]
organisation = "partner-1"
categories = ["IDENTITY", "SCHOOL"]

[[client]]
issuer = "https://issuer.example.org"
id = "partner-1"
name = "Case Management"
roles = ["PARTNER"]
doors = ["DOCUMENTS"]
organisations = ["partner-1"]
"""


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def an_entry(text: str, name: str | None = None) -> Entry:
    return Entry(text, digest(text), name)


def a_document(text: str, name: str = "Named", partner: str = "partner-1") -> PublishedDocument:
    return PublishedDocument(partner, f"sha256:{digest(text)}", text, name)


def documents(limits: Limits | None = None) -> Documents:
    return Documents(graphql_schema, field_guards, CLASSES, limits or Limits())


def judged(
    text: str,
    *,
    name: str | None = None,
    partner: Partner = REGISTERED,
    organisation: Organisation = CMS,
    limits: Limits | None = None,
) -> Judgement:
    return judge(an_entry(text, name), partner, organisation, documents(limits), limits or Limits())


def a_manifest(texts: Mapping[str, str]) -> str:
    """Apollo's manifest of these texts, by the names of their operations."""
    operations = [{"id": digest(text), "name": name, "type": "query", "body": text} for name, text in texts.items()]
    return json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations})
