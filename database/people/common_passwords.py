"""The passwords and words that are tried first, from the lists of zxcvbn: 30,000 passwords that leaked most often, and
names and words of everyday language, which it lists apart.
"""

from __future__ import annotations

import functools


def is_common(word: str) -> bool:
    """Whether a word in small letters is among them."""
    return word in _lists()


@functools.cache
def _lists() -> frozenset[str]:
    # Read when the first password is chosen: no other command or page should wait for it.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset().union(*FREQUENCY_LISTS.values())
