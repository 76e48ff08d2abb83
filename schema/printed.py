"""Writes `schema/schema.graphql`, the schema as partners read it; a test keeps the file equal to the types."""

from pathlib import Path

from schema.built import strawberry_schema


def print_sdl() -> str:
    """The whole schema in its own language."""
    return strawberry_schema.as_str() + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("schema.graphql").write_text(print_sdl(), encoding="utf-8")
