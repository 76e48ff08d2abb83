"""Officers' acts in the store, under the role `shield`: one turn at a time, with nobody else's hand on any shield.

Nothing is judged here, but the store's own triggers refuse what no act, or no second officer, stands behind.
"""


class ShieldBook:
    """A bounded pool of connections as the role `shield`; every method raises StoreUnavailable rather than wait."""

    @classmethod
    async def connect(cls, dsn: str) -> "ShieldBook":
        """Open the pool. Raises StoreSetupError, whose one line names the fix and never the password."""
        raise NotImplementedError

    async def close(self) -> None:
        """Let statements in flight end, then close every connection."""
