"""Text stands out from what it stands on, in both themes (WCAG 2.2, AA: 4.5 to 1; marks and frames 3 to 1)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "static" / "css" / "tokens.css").read_text(encoding="utf-8")

TEXTS = [
    (ink, paper)
    for ink in ("--ink", "--ink-soft", "--ink-faint", "--accent", "--good", "--bad", "--warn")
    for paper in ("--paper", "--surface")
] + [
    ("--ink", "--sunken"), ("--ink-soft", "--sunken"), ("--good", "--sunken"), ("--bad", "--sunken"),
    ("--accent", "--sunken"), ("--ink", "--warn-soft"), ("--ink", "--bad-soft"), ("--on-accent", "--accent"),
    ("--on-accent", "--accent-strong"),
]
MARKS = [("--control-line", "--surface"), ("--control-line", "--paper"), ("--chart-now", "--surface"),
         ("--chart-now", "--chart-before")]


def colour(token: str, theme: int) -> tuple[float, ...]:
    """Red, green and blue of a token, 0 light and 1 dark."""
    found = re.search(rf"{token}: light-dark\((#\w{{6}}), (#\w{{6}})\)", TOKENS)
    text = found[theme + 1]
    return tuple(int(text[place:place + 2], 16) / 255 for place in (1, 3, 5))


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The ratio of relative luminances, as WCAG defines both."""

    def luminance(rgb: tuple[float, ...]) -> float:
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_can_be_read(text: str, ground: str, theme: int) -> None:
    assert contrast(colour(text, theme), colour(ground, theme)) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_and_frames_can_be_seen(mark: str, ground: str, theme: int) -> None:
    assert contrast(colour(mark, theme), colour(ground, theme)) >= 3
