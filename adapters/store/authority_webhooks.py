"""Where each authority's officers are told: written by whoever keeps the registry, read by what delivers reports."""

from collections.abc import Mapping

from adapters.store.connecting import connect


async def point_webhooks(dsn: str, urls: Mapping[str, str]) -> None:
    """Have reports to each authority (GSS code) go to its URL from now on; `dsn` is the registry role's.

    Raises StoreSetupError.
    """
    connection = await connect(dsn)
    try:
        await connection.executemany(
            "INSERT INTO authority_webhooks (authority, url) VALUES ($1, $2)"
            " ON CONFLICT (authority) DO UPDATE SET url = excluded.url",
            list(urls.items()),
        )
    finally:
        await connection.close()
