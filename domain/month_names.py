"""The names of months in six languages, as people and spreadsheets write them, short and long."""

from __future__ import annotations

import unicodedata

LANGUAGES = {
    "English": ("January Jan", "February Feb", "March Mar", "April Apr", "May", "June Jun", "July Jul", "August Aug",
                "September Sept Sep", "October Oct", "November Nov", "December Dec"),
    "German": ("Januar Jänner Jan Jän", "Februar Feber Feb", "März Maerz Mär Mrz", "April Apr", "Mai", "Juni Jun",
    "Juli Jul",
               "August Aug", "September Sept Sep", "Oktober Okt", "November Nov", "Dezember Dez"),
    "French": ("janvier janv jan", "février févr fév", "mars", "avril avr", "mai", "juin", "juillet juil", "août aou",
               "septembre sept sep", "octobre oct", "novembre nov", "décembre déc"),
    "Italian": ("gennaio gen genn", "febbraio feb febbr", "marzo mar", "aprile apr", "maggio mag magg", "giugno giu",
                "luglio lug", "agosto ago", "settembre set sett", "ottobre ott", "novembre nov", "dicembre dic"),
    "Spanish": ("enero ene", "febrero feb", "marzo mar", "abril abr", "mayo may", "junio jun", "julio jul",
    "agosto ago",
                "septiembre setiembre sept sep set", "octubre oct", "noviembre nov", "diciembre dic"),
    "Dutch": ("januari jan", "februari feb", "maart mrt", "april apr", "mei", "juni jun", "juli jul", "augustus aug",
              "september sept sep", "oktober okt", "november nov", "december dec"),
}
"""Language -> the names of its twelve months; no two languages use one name for different months."""


def month_number(name: str) -> int | None:
    """1 for January, whatever the language, the case and the accents; None if it names no month."""
    return _NUMBERS.get(_plain(name))


def _plain(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


_NUMBERS = {
    _plain(name): number
    for months in LANGUAGES.values() for number, names in enumerate(months, start=1) for name in names.split()
}
