"""Whether a decoded cell makes sense: as a text of Western Europe, or as a Japanese one."""

from __future__ import annotations

import re

_WESTERN_LETTER = "A-Za-zªºÀ-ÏÑ-ÖØ-Ýß-ïñ-öø-ýÿŒœŠšŽžŸ"
_WESTERN_SIGN = "\u00a0¡£¥§«»°²³µ·¼½¾¿×±®©€‘’“”„–—…•™´\u00ad"
_NEVER_WESTERN = re.compile(rf"[^\x00-\x7f{_WESTERN_LETTER}{_WESTERN_SIGN}]")
_CAPITAL_IN_A_WORD = re.compile("[a-zà-ïñ-öø-ýÿœšž][À-ÖØ-ÝŒŠŽŸ]")
_SIGN_IN_A_WORD = re.compile(rf"[{_WESTERN_LETTER}][¡£¥§«»¼½¾¿×±€„…•][{_WESTERN_LETTER}]|[¡£¥§«»°²³µ±©„…•]{{3}}")
_MIXED_WORD = re.compile("(?![À-ÖØ-ÝŒŠŽŸ]{4})[À-ÖØ-öø-ÿŒœŠšŽžŸ]{4}|[A-ZÀ-ÖØ-Ý][ŒŠŽŸ][a-zà-ïñ-öø-ýÿœšž]")
_LONELY_SIGN = re.compile(r"[–—•‘“„][{}|~^\\\[\]@`–—•”]")

_KANA = "\u3041-\u309f\u30a0-\u30ff"
_WIDE = "\u3000-\u3020\uff01-\uff5e\uffe5"
_HALF = "\uff61-\uff9f"
_KANJI = "\u4e00-\u9fff\u3005"
_SIGNS = (
    "\u2010-\u203b\u2103\u2160-\u2169\u2190-\u2193\u2460-\u2473\u2500-\u25ef\u2605\u2606\u266a\u3231\u339c-\u33a1"
    "×±°÷§¶´¨"
)
HARD_SPACE = "\uf8f0"
"""What Python makes of the byte 0xA0 in Shift-JIS, which has none there: a hard space that a spreadsheet wrote."""
_NEVER_JAPANESE = re.compile(rf"[^\x00-\x7f{HARD_SPACE}{_KANA}{_WIDE}{_HALF}{_KANJI}{_SIGNS}]")
_RUN = re.compile(rf"[{_KANA}{_WIDE}{_HALF}{_KANJI}{_SIGNS}]+")
_ONLY_HALF = re.compile(rf"[{_HALF}]+")


def makes_sense_in_western(text: str) -> bool:
    """Letters stand in words of one case, signs beside them; nothing that no keyboard of Western Europe has."""
    return not (
        _NEVER_WESTERN.search(text) or _CAPITAL_IN_A_WORD.search(text) or _SIGN_IN_A_WORD.search(text)
        or _MIXED_WORD.search(text) or _LONELY_SIGN.search(text)
    )


def makes_sense_in_japanese(text: str) -> bool:
    """Kana, kanji and wide signs, in runs: a single kanji or a few narrow kana inside of a Latin word are the
    letters of Western Europe."""
    return not _NEVER_JAPANESE.search(text) and all(_is_a_run(text, found) for found in _RUN.finditer(text))


def _is_a_run(text: str, found: re.Match[str]) -> bool:
    run, beside = found[0], text[found.start() - 1 : found.start()] if found.start() else ""
    after = text[found.end() : found.end() + 1]
    touches_a_word = (beside.isascii() and beside.isalpha()) or (after.isascii() and after.isalpha())
    if _ONLY_HALF.fullmatch(run):
        return len(run) >= 3 and not touches_a_word
    has_kana = bool(re.search(rf"[{_KANA}]", run))
    return has_kana or not touches_a_word or (len(run) >= 2 and _is_common(run))


def _is_common(run: str) -> bool:
    """Kanji of the first level are those that people write; letters of Western Europe give those of the second."""
    return all(0x81 <= char.encode("cp932")[0] <= 0x97 for char in run if len(char.encode("cp932")) == 2)
