"""How the store may fail: while it is being set up, and while it is in use. No message holds a value or a password.

StoreSetupError      the store cannot be started, reached or migrated; one line that names the fix
├── DataFolderInUse  another command holds the data folder
└── LoginRefused     the database knows no such name, or another password
StoreUnavailable     the store did not answer in time or as it must: the caller answers 503
├── DataKeyGone      the store has lost a data key that it had kept: records are to be sealed with another
└── ShieldUnreadable what was read of a shield makes no sense, so nobody is shown anything (law 8)
"""


class StoreSetupError(Exception):
    """The store cannot be started, reached or migrated. The text is one line for an operator and names the fix."""


class DataFolderInUse(StoreSetupError):
    """Another command holds the data folder."""


class LoginRefused(StoreSetupError):
    """The database refuses `user`, or its password: it does not say which."""

    def __init__(self, text: str, user: str) -> None:
        super().__init__(text)
        self.user = user


class StoreUnavailable(Exception):
    """No connection came free in time, the connection was lost, or a statement failed or took too long."""


class DataKeyGone(StoreUnavailable):
    """A record's data key is not kept, as after a failover: what is sealed with a new one may be."""


class ShieldUnreadable(StoreUnavailable):
    """What the store says about a shield cannot be understood; showing anything would be a guess."""
