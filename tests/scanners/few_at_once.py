"""Clairvoyance's own command, but fewer words at a time: `WORDS_AT_ONCE`. Run by the scanners' python.

It takes every word of which it reads no mistake for one that there is. It sends 64, and we name the first few mistakes
of a document: as it comes it would believe in most of them. So many at once as we name is the best that it can do here.
"""

import os
from importlib import import_module

command = import_module("clairvoyance.cli")  # the package calls a function by the module's name


class FewAtOnce(command.Config):
    def __init__(self) -> None:
        super().__init__()
        self._bucket_size = int(os.environ["WORDS_AT_ONCE"])


command.Config = FewAtOnce
command.cli()
