"""No word of ours is taken off an address."""

from domain import listing, selection
from web.http.strangers import KNOWN
from web.lines import page as lines
from web.people import audit


def test_every_word_of_a_page_is_known():
    for words in (selection.WORDS_WITH_SEARCH, listing.WORDS, audit.WORDS, lines.WORDS):
        assert set(words) <= KNOWN
