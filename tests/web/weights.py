"""What a page weighs on its way to the reader."""

import gzip
import html
import re

LARGEST_PAGE = 70_000


def own_files(page: str) -> list[str]:
    """The addresses of the styles, scripts and pictures that the page names; plotly.js is not ours."""
    return [found for found in re.findall(r'(?:src|href)="(/static/[^"]+)"', page) if "plotly.min.js" not in found]


def weight_of(client, page: str) -> int:
    """Bytes of the page and of its own files, each compressed."""
    files = (client.get(html.unescape(address)).data for address in own_files(page))
    return len(gzip.compress(page.encode())) + sum(len(gzip.compress(data)) for data in files)
