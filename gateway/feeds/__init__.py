"""Feeds: a source's file read, matched and written, or put into quarantine; matching and likeness are pure."""
