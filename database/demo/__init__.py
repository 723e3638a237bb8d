"""Believable synthetic figures of any size: the same shape gives the same facts.

`shape.py` says how much; `catalog.py` makes brands, products and listings, with words from `names.py`;
`facts.py` makes their P&L month by month; `loading.py` imports it like a file, as the source `demo`.
"""

from database.demo.loading import load_demo
from database.demo.shape import DemoShape

__all__ = ["DemoShape", "load_demo"]
