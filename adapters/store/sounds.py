"""How a name sounds, by which feeds look for children whose names are written otherwise. Pure.

Likeness is not judged here: a sound only brings two records before whoever judges.
"""

from functools import lru_cache

from jellyfish import metaphone

from adapters.store.search import name_key

LENGTH = 8  # of a sound: what comes after is how long names differ, not how they are misheard


@lru_cache(maxsize=1 << 16)
def sound(name: str) -> str:
    """How a name sounds in English, at most eight letters; of one that English cannot read, its first letters.

    Empty only where `name_key` is. Misspellings of a consonant are mostly heard, those of a vowel never.

    >>> sound("Mohammed") == sound("Muhammad") == "MHMT"
    True
    """
    key = name_key(name)
    return (metaphone(key) or key)[:LENGTH]
