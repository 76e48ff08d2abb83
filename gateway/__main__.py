"""Starts the command: nothing is imported before an interrupt can be answered in order."""

import sys


def main() -> None:
    """Run `contactpoint`."""
    try:
        from gateway.cli import run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
