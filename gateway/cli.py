"""The command `contactpoint`."""


def main() -> None:
    """Run the command line."""
