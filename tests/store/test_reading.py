"""Reading a child: everything a decision needs, in one snapshot, with its epoch."""

from adapters.store.postgres import Store


async def test_nothing(store: Store) -> None:
    """An unknown number yields no child, and the epoch all the same."""
    assert (await store.children_by_number(["CP"])).children == ()
