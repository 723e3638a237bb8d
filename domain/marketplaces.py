"""Amazon's marketplaces: the one code of each, and every way in which files and reports name it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from domain.spelling import name_key, tidy

OTHER = "OTHER"
"""Sales that Amazon carried out for another shop."""

NOWHERE = "NONE"
"""Where overheads stand that name no marketplace: every figure has one, and `ALL` is that of sums."""
NOWHERE_WORDS = "No marketplace"


@dataclass(frozen=True)
class Marketplace:
    """A marketplace: its code, currency, id in Amazon's interfaces, sites (the first is the one of today), and the
    country's names."""

    code: str
    currency: str
    amazon_id: str
    sites: tuple[str, ...]
    names: tuple[str, ...]


MARKETPLACES = (
    Marketplace("US", "USD", "ATVPDKIKX0DER", ("amazon.com", "amazon.us"),
                ("USA", "U.S.", "U.S.A.", "United States", "United States of America", "Vereinigte Staaten",
                    "États-Unis",
                 "Stati Uniti", "Estados Unidos", "Verenigde Staten")),
    Marketplace("CA", "CAD", "A2EUQ1WTGCTBG2", ("amazon.ca",), ("CAN", "Canada", "Kanada")),
    Marketplace("MX", "MXN", "A1AM78C64UM0Y8", ("amazon.com.mx", "amazon.mx"),
                ("MEX", "Mexico", "México", "Mexiko", "Mexique", "Messico")),
    Marketplace("BR", "BRL", "A2Q3Y263D00KWC", ("amazon.com.br", "amazon.br"),
                ("BRA", "Brazil", "Brasil", "Brasilien", "Brésil", "Brasile", "Brazilië")),
    Marketplace("UK", "GBP", "A1F83G8C2ARO7P", ("amazon.co.uk", "amazon.uk"),
                ("GB", "GBR", "U.K.", "United Kingdom", "Great Britain", "Vereinigtes Königreich", "Großbritannien",
                 "Royaume-Uni", "Regno Unito", "Reino Unido", "Verenigd Koninkrijk")),
    Marketplace("DE", "EUR", "A1PA6795UKMFR9", ("amazon.de",),
                ("DEU", "GER", "Germany", "Deutschland", "Allemagne", "Germania", "Alemania", "Duitsland")),
    Marketplace("FR", "EUR", "A13V1IB3VIYZZH", ("amazon.fr",),
                ("FRA", "France", "Frankreich", "Francia", "Frankrijk")),
    Marketplace("IT", "EUR", "APJ6JRA9NG5V4", ("amazon.it",),
                ("ITA", "Italy", "Italia", "Italien", "Italie", "Italië")),
    Marketplace("ES", "EUR", "A1RKKUPIHCS9HS", ("amazon.es",),
                ("ESP", "Spain", "España", "Spanien", "Espagne", "Spagna", "Spanje")),
    Marketplace("NL", "EUR", "A1805IZSGTT6HS", ("amazon.nl",),
                ("NLD", "Netherlands", "The Netherlands", "Nederland", "Niederlande", "Pays-Bas", "Paesi Bassi",
                 "Países Bajos", "Holland")),
    Marketplace("BE", "EUR", "AMEN7PMS3EDWL", ("amazon.com.be", "amazon.be"),
                ("BEL", "Belgium", "België", "Belgien", "Belgique", "Belgio", "Bélgica")),
    Marketplace("IE", "EUR", "A28R8C7NBKEWEA", ("amazon.ie",),
                ("IRL", "Ireland", "Irland", "Irlande", "Irlanda", "Ierland")),
    Marketplace("SE", "SEK", "A2NODRKZP88ZB9", ("amazon.se",),
                ("SWE", "Sweden", "Sverige", "Schweden", "Suède", "Svezia", "Suecia", "Zweden")),
    Marketplace("PL", "PLN", "A1C3SOZRARQ6R3", ("amazon.pl",),
                ("POL", "Poland", "Polska", "Polen", "Pologne", "Polonia")),
    Marketplace("TR", "TRY", "A33AVAJ2PDY3EV", ("amazon.com.tr", "amazon.tr"),
                ("TUR", "Turkey", "Türkiye", "Turkiye", "Türkei", "Turquie", "Turchia", "Turquía", "Turkije")),
    Marketplace("AE", "AED", "A2VIGQ35RCS4UG", ("amazon.ae",), ("UAE", "U.A.E.", "ARE", "United Arab Emirates")),
    Marketplace("SA", "SAR", "A17E79C6D8DWNP", ("amazon.sa",), ("KSA", "SAU", "Saudi Arabia")),
    Marketplace("EG", "EGP", "ARBP9OOSHTCHU", ("amazon.eg",), ("EGY", "Egypt")),
    Marketplace("IN", "INR", "A21TJRUUN4KGV", ("amazon.in",), ("IND", "India")),
    Marketplace("JP", "JPY", "A1VC38T7YXB528", ("amazon.co.jp", "amazon.jp"), ("JPN", "Japan", "日本")),
    Marketplace("SG", "SGD", "A19VAU5U5O7RUS", ("amazon.sg", "amazon.com.sg"), ("SGP", "Singapore")),
    Marketplace("AU", "AUD", "A39IBJ37TRP1C6", ("amazon.com.au", "amazon.au"), ("AUS", "Australia")),
    Marketplace("ZA", "ZAR", "AE08WJ6YKNBMC", ("amazon.co.za", "amazon.za"), ("ZAF", "South Africa")),
    Marketplace("CN", "CNY", "AAHKV2X7AFYLW", ("amazon.cn",), ("CHN", "China", "中国")),
)


_ASIN = re.compile(r"B[A-Z0-9]{9}|[0-9]{9}[0-9X]", re.ASCII)
"""Books have their ISBN."""


def product_site(code: str, asin: str) -> tuple[str, str] | None:
    """The site of a marketplace and the address of a product on it, `('amazon.de', 'https://www.amazon.de/dp/…')`; None
    if it is none of Amazon's, or no ASIN of a product."""
    site = _SITES.get(code)
    if site is None or not _ASIN.fullmatch(asin):
        return None
    return site, f"https://www.{site}/dp/{asin}"


def _spellings() -> dict[str, str]:
    found: dict[str, str] = {name_key(OTHER): OTHER}
    for place in MARKETPLACES:
        stems = (site.removeprefix("amazon.") for site in place.sites)
        sites = [form for site in place.sites for form in (
            site, f"www.{site}", f"http://www.{site}", f"https://www.{site}", f"http://{site}", f"https://{site}",
            f"sellercentral.{site}",
        )]
        words = (f"amazon {place.code}", f"amazon.{place.code}", f"amazon-{place.code}", f"amazon_{place.code}",
                 *(f"amazon {name}" for name in place.names), *(f"amazon {stem}" for stem in stems))
        for spelling in (place.code, place.amazon_id, *place.names, *sites, *words):
            found.setdefault(name_key(spelling), place.code)
    return found


_CODES = _spellings()
_SITES = {place.code: place.sites[0] for place in MARKETPLACES}
_CURRENCIES = {place.code: place.currency for place in MARKETPLACES}


def marketplace_code(text: str) -> str:
    """The code that a text names: `US` from us, USA, Amazon.com, ATVPDKIKX0DER. A text that names no marketplace
    of Amazon's is kept, tidied."""
    return _CODES.get(name_key(text).removesuffix("/"), tidy(text))


def site_code(channel: str) -> str | None:
    """The code of a site of Amazon's as its reports name it, `Amazon.de`; None for anything else."""
    key = name_key(channel).removesuffix("/")
    return _CODES.get(key) if "amazon." in key and not key.startswith("non-amazon") else None


def currency_of(code: str) -> str | None:
    """The currency in which a marketplace sells; None for one that is not Amazon's."""
    return _CURRENCIES.get(code)
