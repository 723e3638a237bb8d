"""The words by which a spreadsheet marks a row or a column of totals."""

from __future__ import annotations

import re

from domain.spelling import name_key

WORDS = (
    "total", "totals", "grand total", "grand totals", "subtotal", "subtotals", "sub total", "sub-total", "sum",
    "overall",
    "gesamt", "gesamtsumme", "gesamtergebnis", "summe", "zwischensumme", "insgesamt", "ergebnis",
    "total général", "sous-total", "somme", "ensemble",
    "totale", "totali", "totale complessivo", "subtotale", "somma",
    "total general", "suma", "totales",
    "totaal", "eindtotaal", "subtotaal", "som",
    "razem", "ogółem", "celkem", "summa", "totalt", "i alt", "yhteensä", "toplam", "összesen", "total geral", "итого",
    "合計", "総計", "小計", "总计", "合计", "小计",
)
"""English, German, French, Italian, Spanish, Dutch; and one or two of each other language that sellers write."""

_STARTS = (
    "total", "totals", "grand total", "subtotal", "sub total", "sub-total", "gesamt", "summe", "zwischensumme",
    "totale", "subtotale", "totaal", "subtotaal", "sous-total", "suma", "razem", "celkem", "summa", "toplam", "итого",
)
_WHOLE = frozenset((
    "all", "all products", "all asins", "all items", "alle", "alle produkte", "alle artikel", "tous",
    "tous les produits", "tutti", "todos", "result", "overall result", "summary", "∑", "σ", "everything",
))
_PLACES = frozenset((
    "all marketplaces", "all countries", "all", "alle", "alle marktplätze", "alle länder", "tous",
    "tous les pays", "tutti", "todos", "∑", "σ",
))

_PERIODS = re.compile(
    r"(fy ?)?(19|20)\d\d|fy ?\d\d|[qhs][1-4]|([qhs][1-4][ /'-]?|fy ?)((19|20)?\d\d)|((19|20)?\d\d)[ /'-]?[qhs][1-4]"
    r"|(ytd|mtd|qtd|ltm|ttm|full year|year to date)( ?(19|20)?\d\d)?|((19|20)\d\d) (ytd|fy)", re.ASCII,
)
_KEYS = frozenset(map(name_key, WORDS))
_TOTAL_ENDS = re.compile(rf"(^|.*[\s:/|\-–—])({'|'.join(sorted(map(re.escape, _KEYS), key=len, reverse=True))})")
_TOTAL_STARTS = re.compile(rf"({'|'.join(map(re.escape, _STARTS))})[ :(–—|/]")


def is_total(text: str) -> bool:
    """Whether a cell that should name something says that its row is a total: a word for it, alone or at its end
    (`Total`, `Acme Subtotal`, `Summe:`)."""
    return bool(_TOTAL_ENDS.fullmatch(name_key(text).rstrip(" :.*")))


def is_total_of_products(text: str) -> bool:
    """Whether what stands for a product says that its row is a total: as `is_total`, or such a word before others, or a
    word for all of them (`Total US`, `Grand total (USD)`, `All products`)."""
    key = name_key(text)
    return is_total(text) or key.rstrip(" :.*") in _WHOLE or bool(_TOTAL_STARTS.match(key))


def is_total_of_marketplaces(text: str) -> bool:
    """Whether what stands for a marketplace is the sum of several."""
    return is_total(text) or name_key(text) in _PLACES


def is_total_heading(text: str) -> bool:
    """Whether a heading between months is one of totals: such a word, at its start too, or a longer span than a month
    (`Total 2024`, `2024`, `FY24`, `Q1 2024`, `YTD`)."""
    key = name_key(text).strip(" :.*()")
    first, _, rest = key.partition(" ")
    return is_total(key) or bool(_PERIODS.fullmatch(key)) or (
        first.rstrip(":") in _KEYS and (not rest or bool(_PERIODS.fullmatch(rest.strip("()"))))
    )
