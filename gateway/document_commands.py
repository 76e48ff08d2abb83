"""`contactpoint documents`: what partners may ask, published, listed, revoked, and held against another schema."""

import json
import os
import pwd
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.store.entries import Organisation
from adapters.store.registering import Registrar
from adapters.store.registry_records import ListedDocument, Partner, PublishedDocument
from gateway import classes
from gateway.operations.documents import Documents
from gateway.operations.limits import Limits
from gateway.partners.checking import Broken, SchemaError, broken_by, broken_today
from gateway.partners.manifest import Manifest, read_manifest
from gateway.partners.publishing import Accepted, Judgement, Rejected, judge
from gateway.registry_commands import with_registrar
from gateway.settings import Settings
from gateway.terminal import Data, Json, settings_for
from schema.built import field_guards, graphql_schema

Name = Annotated[str, typer.Option("--partner", metavar="NAME", help="The partner's organisation, as registered.")]

documents = typer.Typer(help="What partners may ask: documents they have published.", no_args_is_help=True)


class UnknownPartner(Exception):
    """Nobody is registered as a partner by that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no partner `{name}`: register it with `contactpoint registry apply`")


class NotPublished(Exception):
    """There is no live document by that id; the text says whose, and where to look."""


@documents.command("publish")
def publish(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="What Apollo's or Relay's own tool wrote.")],
    partner: Name,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come of it, and change nothing.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Publish every text of a manifest, or where one is refused none: exit code 1, with every reason."""
    settings = settings_for(data)
    read = read_manifest(manifest)

    async def published(registrar: Registrar) -> tuple[Sequence[Judgement], Collection[str]]:
        registered = await _registered(registrar, partner)
        judgements = _judged(read, registered, settings)
        if any(isinstance(judgement, Rejected) for judgement in judgements):
            return judgements, ()
        if dry_run:
            live = {text.hash for text in await registrar.texts(partner)}
            return judgements, {entry.hash for entry in read.entries} - live
        texts = [
            PublishedDocument(partner, judgement.entry.hash, judgement.entry.body, judgement.name)
            for judgement in judgements
            if isinstance(judgement, Accepted)
        ]
        return judgements, await registrar.publish(texts, _account())

    judgements, new = with_registrar(settings, published)
    refused = any(isinstance(judgement, Rejected) for judgement in judgements)
    told = [_told(judgement, new) for judgement in judgements]
    if as_json:
        done = not refused and not dry_run
        typer.echo(json.dumps({"partner": partner, "format": read.format, "published": done, "documents": told}))
    else:
        _show_published(told, refused=refused, dry_run=dry_run)
    if refused:
        raise typer.Exit(1)


@documents.command("list")
def list_documents(
    partner: Annotated[str | None, typer.Option(metavar="NAME", help="Of this partner alone.")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Every document ever published: by whom, how often it was used, and when last."""

    async def published(registrar: Registrar) -> Sequence[ListedDocument]:
        if partner is not None:
            await _registered(registrar, partner)
        return await registrar.documents(partner)

    listed = with_registrar(settings_for(data), published)
    rows = [_listed(document) for document in listed]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:  # no table: an id that is cut off is none
        typer.echo(f"{'revoked' if row['revokedAt'] else 'live'} {row['partner']} {row['name']} {row['id']}")
        used = f"used {row['uses']} times, last {row['lastUsed']}" if row["uses"] else "never used"
        revoked = f"; revoked {row['revokedAt']}" if row["revokedAt"] else ""
        typer.echo(f"  published {row['publishedAt']} by {row['publishedBy']}; {used}{revoked}")


@documents.command("revoke")
def revoke(
    id_: Annotated[str, typer.Argument(metavar="ID", help="`sha256:` and the digest, as `documents list` shows it.")],
    partner: Name,
    data: Data = None,
) -> None:
    """Take a document back: the next request for it is refused, whichever worker it comes to."""
    hash_ = id_ if id_.startswith("sha256:") else f"sha256:{id_}"
    if not with_registrar(settings_for(data), lambda registrar: registrar.revoke(partner, hash_, _account())):
        raise NotPublished(
            f"`{partner}` has no live document `{hash_}`: see `contactpoint documents list --partner {partner}`"
        )
    typer.echo(f"revoked {hash_}")


@documents.command("check")
def check_documents(
    schema: Annotated[
        Path | None, typer.Option("--schema", metavar="FILE", help="Another schema, as printed; else today's own.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say which partners' documents a schema would break; exit code 1 where it breaks any."""
    settings = settings_for(data)
    sdl = None if schema is None else _read(schema)

    async def checked(registrar: Registrar) -> tuple[int, Sequence[Broken]]:
        texts = await registrar.texts()
        registered = {name: await _registered(registrar, name) for name in {text.partner for text in texts}}
        if sdl is not None:
            return len(texts), broken_by(sdl, texts, registered)
        return len(texts), broken_today(texts, registered, _documents(settings), Limits.of(settings))

    count, broken = with_registrar(settings, checked)
    if as_json:
        rows = [
            {
                "partner": one.document.partner,
                "name": one.document.name,
                "id": one.document.hash,
                "reasons": one.reasons,
            }
            for one in broken
        ]
        typer.echo(json.dumps({"documents": count, "broken": rows}))
    elif not broken:
        typer.echo(f"ok {count} documents")
    for one in () if as_json else broken:
        for reason in one.reasons:
            typer.echo(f"BROKEN {one.document.partner} {one.document.name} {one.document.hash} {reason}")
    if broken:
        raise typer.Exit(1)


async def _registered(registrar: Registrar, name: str) -> tuple[Organisation, Partner]:
    registered = await registrar.partner(name)
    if registered is None:
        raise UnknownPartner(name)
    return registered


def _judged(manifest: Manifest, registered: tuple[Organisation, Partner], settings: Settings) -> Sequence[Judgement]:
    organisation, partner = registered
    reading, limits = _documents(settings), Limits.of(settings)
    return [judge(entry, partner, organisation, reading, limits) for entry in manifest.entries]


def _documents(settings: Settings) -> Documents:
    return Documents(graphql_schema, field_guards, classes.CLASSES, Limits.of(settings))


def _account() -> str:
    """Whose the process is, whatever its environment says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _told(judgement: Judgement, new: Collection[str]) -> dict[str, Any]:
    entry = judgement.entry
    told: dict[str, Any] = {"id": entry.hash, "theirId": entry.their_id}
    match judgement:
        case Accepted(operation=operation, discloses=discloses, cost=cost):
            return told | {
                "name": judgement.name,
                "state": "new" if entry.hash in new else "known",
                "cost": cost,
                "discloses": {path: sorted(one.value for one in found) for path, found in discloses.items()},
                "plan": str(operation.plan).splitlines(),
            }
        case Rejected(reasons=reasons):
            return told | {"name": entry.name, "state": "refused", "reasons": list(reasons)}


def _show_published(told: Sequence[Mapping[str, Any]], *, refused: bool, dry_run: bool) -> None:
    for one in told:
        typer.echo(f"{one['state']} {one['name'] or one['theirId']} {one['id']}")
        for reason in one.get("reasons", ()):
            typer.echo(f"  {reason}")
        if one["state"] == "refused":
            continue
        typer.echo(f"  costs {one['cost']} at most; may disclose")
        for path, categories in one["discloses"].items():
            typer.echo(f"    {path} {', '.join(categories)}")
        typer.echo("  plan")
        for line in one["plan"]:
            typer.echo(f"    {line}")
    if refused:
        typer.echo("nothing was published: mend what is refused, or leave it out")
    elif dry_run:
        typer.echo("nothing was published: this was a dry run")


def _listed(document: ListedDocument) -> dict[str, Any]:
    return {
        "partner": document.partner,
        "name": document.name,
        "id": document.hash,
        "publishedAt": document.published_at.isoformat(timespec="seconds"),
        "publishedBy": document.published_by,
        "uses": document.uses,
        "lastUsed": document.last_used.isoformat(timespec="seconds") if document.last_used else None,
        "revokedAt": document.revoked_at.isoformat(timespec="seconds") if document.revoked_at else None,
    }


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SchemaError(f"cannot read `{path}`: give a printed schema, in UTF-8") from None
