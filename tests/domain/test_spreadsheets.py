"""Which texts a spreadsheet could take for a formula."""

import pytest

from domain.spreadsheets import harmless

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
"""As they are, in full width, small, and the mathematical minus."""
UNSEEN = (
    "", " ", "\u00a0", "\u3000", "\t", "\r", "\n", "\x00", "\x1f", "\x7f", "\ufeff", "\u200b", "\u200d", "\u200e",
    "\u202e", "\u2028", "\u2060", "\u00ad", "\u034f", "\ufe0f", "\u3164", "\u2800", "\U000e0001", "\ufeff \u200b\t",
)


def test_a_sign_of_any_width_behind_whatever_is_not_seen_gets_an_apostrophe():
    texts = [f"{before}{sign}1+1" for before in UNSEEN for sign in SIGNS]
    assert [text for text in texts if harmless(text) != f"'{text}"] == []


@pytest.mark.parametrize("text", ["\t1", "\rx", "\n"])
def test_so_does_a_text_that_begins_with_a_tab_or_a_break(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    ["", " ", "\ufeff", "a=b", " a=1", "1-2", "'=1",
     "\uff11\uff1d1", "\u200bLego", "\u2013", "\u00e9-", "\u30fc\u30ea", "#N/A"],
)
def test_every_other_text_stays_as_it_is(text):
    assert harmless(text) == text
