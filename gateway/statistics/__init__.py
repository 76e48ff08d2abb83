"""Statistics: a month's cube drafted by the store, attacked by its own builder, and only then published."""
