"""Names as England's registers hold them, drawn from tables by slices of even bits; nobody's in particular.

The stock is mimesis's (read once, at import) with the commonest names of the day set before it, and names with
apostrophes, hyphens, spaces and accents in it, because those are what joins stumble over.
"""

import json
import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import Any


def words(text: str) -> list[str]:
    """A list as it is pleasant to write: words between spaces, over as many lines as they need."""
    return text.split()


_FEMALE = words("""
    Olivia Amelia Isla Ava Lily Freya Florence Ivy Willow Poppy Grace Evelyn Sienna Daisy Charlotte Isabella Phoebe
    Matilda Rosie Evie Sophie Elsie Emily Millie Maisie Harriet Alice Ruby Eleanor Chloe Mia Sofia Erin Robyn Niamh
    Siobhán Zoë Chloé Anaïs Mary-Kate Ellie-Mae Lily-Rose Gracie-Mae
""")
_MALE = words("""
    Noah George Oliver Arthur Leo Muhammad Theodore Oscar Archie Henry Freddie Luca Jude Albie Theo Alfie Jack
    Thomas Harry William James Joshua Lucas Isaac Max Finley Edward Samuel Joseph Reuben Daniel Rory Ethan Louie
    Seán Pádraig Zoltán José André Tommy-Lee Alfie-Jay
""")
_COMPOUND_FEMALE = ["Mary Jane", "Anna Maria", "Sarah Jane"]
_COMPOUND_MALE = ["John Paul", "Jean Pierre", "Billy Joe"]
_FAMILY = words("""
    Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts
    Green Hall Wood Jackson Clarke Harrison Hughes Edwards Turner Cooper Ward Hill Moore Clark Harris King Baker Lee
    Patel Morris Khan Allen Ahmed Scott Bennett Cook Bailey Parker Shaw Watson Ellis Murphy Richardson Cox Webb
    O'Brien O'Connor O'Neill D'Souza D'Arcy MacDonald McCarthy Smith-Jones Taylor-Brown Ainsworth-Hall Clarke-Evans
""")
_SPACED_FAMILY = ["van der Berg", "de Souza", "St. John", "Ap Rhys", "El Amin"]
_SOUTH_ASIAN_FEMALE = words("""
    Aisha Fatima Zainab Maryam Ayesha Hafsa Khadija Priya Anika Diya Simran Jasleen Nisha Meera
""")
_SOUTH_ASIAN_MALE = words("""
    Mohammed Ibrahim Yusuf Hamza Ali Bilal Zayn Arjun Aarav Rohan Vihaan Gurpreet Harjit Imran
""")
_SOUTH_ASIAN_FAMILY = words("""
    Khan Patel Ahmed Hussain Ali Begum Singh Kaur Shah Akhtar Mahmood Iqbal Chowdhury Rahman Malik Mistry Sharma
    Gupta Ul-Haq Miah
""")
_AFRICAN_FEMALE = words("""
    Amara Chidinma Zainabu Abena Akosua Folake Temitope Efua Ngozi Hodan Fadumo Grace Blessing
""")
_AFRICAN_MALE = words("""
    Chukwuemeka Kwame Kofi Tunde Oluwaseun Emeka Abdi Mohamed Samuel Emmanuel David Kwabena
""")
_AFRICAN_FAMILY = words("""
    Okafor Adeyemi Mensah Boateng Owusu Ogunleye Abdi Hassan Eze Asante N'Diaye Okonkwo Osei
""")


def _stock(locale: str) -> dict[str, Any]:
    text = (files("mimesis") / "datasets" / locale / "person.json").read_text(encoding="utf-8")
    # One entry is two spellings, which is not a name.
    stock: dict[str, Any] = json.loads(text.replace("/Gerónimo", ""))
    return stock


def _families(stock: dict[str, Any]) -> list[str]:
    surnames = stock["surnames"]
    # Where a language inflects family names, an English register keeps one form for the whole family.
    return list(surnames["male"] if isinstance(surnames, dict) else surnames)


class Heritage:
    """A family's stock of names: `female`, `male` and `family`, each a tuple to draw from."""

    __slots__ = ("family", "female", "male")

    def __init__(self, female: list[str], male: list[str], family: list[str]) -> None:
        self.female, self.male, self.family = (
            tuple(name.strip() for name in names) for names in (female, male, family)
        )


def _heritages() -> tuple[Heritage, ...]:
    """Sixteen heritages, so that four bits choose one; the English stock is most of them."""
    british, polish, turkish, spanish = (_stock(locale) for locale in ("en-gb", "pl", "tr", "es"))
    english = Heritage(
        _FEMALE * 160 + _COMPOUND_FEMALE * 12 + british["names"]["female"],
        _MALE * 90 + _COMPOUND_MALE * 8 + british["names"]["male"],
        _FAMILY * 40 + _SPACED_FAMILY * 3 + british["surnames"],
    )
    south_asian = Heritage(_SOUTH_ASIAN_FEMALE, _SOUTH_ASIAN_MALE, _SOUTH_ASIAN_FAMILY)
    african = Heritage(_AFRICAN_FEMALE, _AFRICAN_MALE, _AFRICAN_FAMILY)
    elsewhere = tuple(
        Heritage(stock["names"]["female"], stock["names"]["male"], _families(stock))
        for stock in (polish, turkish, spanish)
    )
    return (english,) * 10 + (south_asian,) * 2 + (african,) + elsewhere


HERITAGES = _heritages()


@lru_cache(maxsize=8192)
def mailbox(name: str) -> str:
    """A name as the local part of an e-mail address: letters of ASCII alone."""
    return "".join(c for c in unicodedata.normalize("NFKD", name).lower() if c.isascii() and c.isalpha()) or "mail"
