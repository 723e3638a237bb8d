"""Names in drawings are short and stay names."""

from charts.words import drawn_name


def test_a_name_is_cut_and_its_mark_up_is_drawn_as_it_is_written() -> None:
    assert drawn_name("Toys") == "Toys"
    assert drawn_name("a" * 61) == "a" * 59 + "…"
    assert drawn_name("<a href='x'>R&D</a>") == "&lt;a href='x'&gt;R&amp;D&lt;/a&gt;"


def test_a_name_like_a_colours_is_no_colour() -> None:
    assert not drawn_name("--ink").startswith("--")
