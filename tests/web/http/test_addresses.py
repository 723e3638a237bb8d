"""A redirect stays on this site."""

import string
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from web.http.addresses import local_path


@pytest.mark.parametrize(
    "path", ["/", "/dashboard", "/dashboard?period=3m&brand=1,2", "/products/B0%20X.csv", "/a?b=//c"]
)
def test_a_path_of_this_site_is_kept(path):
    assert local_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        "", "dashboard", " /dashboard", "/dash board", "@evil.com", "//evil.com", "///evil.com", "/a//evil.com",
        "/..//evil.com", "/\\evil.com", "\\\\evil.com", "/\t/evil.com", "/\n/evil.com", "/\r\nX: y", "/\x00", "/\x7f",
        "https://evil.com", "https:evil.com", "http:/evil.com", "javascript:alert(1)", "/\u00e9", "/\u2028",
        "/\uff0f/evil.com", "/" + "a" * 2000,
    ],
)
def test_anything_else_is_refused(text):
    assert local_path(text) is None


@given(st.text(alphabet="/\\:?#@.\t\n\r ex" + string.ascii_letters, max_size=12))
@example("/\t/evil.com")
def test_what_is_kept_never_leaves_the_site(text):
    path = local_path(text)
    if path is not None:
        # Browsers drop tabs and line ends, and read a backslash as a slash.
        seen = "".join(path.split()).replace("\\", "/")
        assert urlsplit(urljoin("https://lego.example/login", seen))[:2] == ("https", "lego.example")
