"""Pages under gunicorn with two workers: not cached, cached, many readers at once; all installations in turns."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from benchmarks.measure import PROCESSOR, Figures, percentile
from benchmarks.noise import measure_noise
from benchmarks.serving import Reader, constant_view, rate_of, served
from benchmarks.stands import Stand
from database import schema
from database.engines.values import Reading
from database.store import open_store
from settings import Settings, WebSettings

MADE, HELD = "{page}, not cached (ms)", "{page}, cached (ms)"
MADE_P95, HELD_P95 = "{page}, not cached, p95 (ms)", "{page}, cached, p95 (ms)"
ALL = "all pages"
SMALL = ", small"
"""Sets figures of the small installation apart."""
TIMES_MADE = "50 readers of one page at once: times it was made"
THROUGHPUT, CONSTANT = "kept page (1/s)", "constant view of the same size (1/s)"
SHARE = "kept page, share of the constant view"
CROWD, KEPT_REQUESTS, CONSTANT_REQUESTS = 50, 300, 3000
MOST = 8
"""So many selections of a page are asked for in a round; another round asks for others."""
PAGES = ("dashboard", "profitability", "categories", "brand", "products", "product", "paid")
WORDS = (
    "b", "br", "brick", "B0", "B00000", "brand+1", "mug", "zzzz", "%25", "last+month", "2025", "import", "a", "12", "e",
)
"""What somebody types: the beginning of much, of one thing, of nothing."""


def measure_served(
    large: Sequence[Stand], small: Sequence[Stand], folder: Path, figures: Figures, either: Figures, *, rounds: int,
    parts: Sequence[str],
) -> None:
    """In each round every page of the large and the small installations, if `parts` has pages; kept pages against a
    constant view, if it has kept, which is noted in `either`."""
    with served(*large, *small) as readers:
        addresses = [addresses_of(reader.stand.settings) for reader in readers]
        labels = [stand.engine for stand in large] + [stand.engine + SMALL for stand in small]
        # Large and small of an engine one after the other, so that both have the same moment of the machine.
        turns = sorted(zip(labels, readers, addresses, strict=True), key=lambda turn: turn[0])
        for turn in range(rounds):
            measure_noise(folder, figures)
            for label, reader, found in turns if "pages" in parts else ():
                chosen = {page: some[turn::rounds][:MOST] for page, some in found.items()}
                _measure_pages(label, reader, chosen, figures)
            if "kept" in parts:
                _measure_kept(readers[: len(large)], either, turn)


def _measure_pages(label: str, reader: Reader, addresses: dict[str, list[str]], figures: Figures) -> None:
    """Server time of pages, first not cached, then cached. Nobody has asked for these selections before."""
    connection, every = reader.connect(), {"made": [], "held": []}
    for page, some in addresses.items():
        for how, name, p95 in (("made", MADE, MADE_P95), ("held", HELD, HELD_P95)):
            used = reader.processor_seconds()
            answers = [reader.get(connection, address) for address in some]
            used = reader.processor_seconds() - used
            times = [milliseconds for milliseconds, so, _ in answers if so == how]
            if not times:
                continue
            every[how] += times
            figures.add(label, name.format(page=page), *times)
            figures.add(label, name.format(page=page) + PROCESSOR, 1000 * used / len(some))
            figures.add(label, p95.format(page=page), percentile(times, 0.95))
    for how, p95 in (("made", MADE_P95), ("held", HELD_P95)):
        figures.add(label, p95.format(page=ALL), percentile(every[how], 0.95))


def _measure_kept(readers: Sequence[Reader], figures: Figures, turn: int) -> None:
    """Kept pages per second beside a Flask view that returns a constant of the same size, and a crowd that asks for the
    same page that nobody asked for before."""
    sizes = []
    for reader in readers:
        figures.add(reader.stand.engine, TIMES_MADE, _times_made(reader, turn))
        connection = reader.connect()
        sizes.append([len(reader.get(connection, "/dashboard")[2]) for _ in range(3)][-1])
    with constant_view(sizes[0], WebSettings()) as port:
        constant = rate_of(port, "/", CONSTANT_REQUESTS)
    for reader in readers:
        kept = reader.rate("/dashboard", KEPT_REQUESTS)
        figures.add(reader.stand.engine, THROUGHPUT, kept)
        figures.add(reader.stand.engine, CONSTANT, constant)
        figures.add(reader.stand.engine, SHARE, kept / constant)


def _times_made(reader: Reader, turn: int) -> int:
    address = f"/profitability?from=2023-{turn % 9 + 1:02}&to=2025-0{turn % 9 + 1}"
    ready, found = threading.Barrier(CROWD), []

    def ask() -> None:
        connection = reader.connect()
        connection.connect()
        ready.wait()
        found.append(reader.get(connection, address)[1])

    crowd = [threading.Thread(target=ask) for _ in range(CROWD)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    if len(found) != CROWD:
        raise RuntimeError(f"{CROWD - len(found)} of {CROWD} readers got no page")
    return found.count("made")


def addresses_of(settings: Settings) -> dict[str, list[str]]:
    """Page -> addresses that differ in their selection, so that none of them is cached."""
    ranges = [f"from={first}&to={last}" for first in ("2023-01", "2023-07", "2024-01", "2024-07", "2025-01")
              for last in ("2025-06", "2025-09", "2025-12")]
    brands, products, categories = _largest(settings)
    wheres = ["", "&marketplace=US", f"&category={categories[0]}", "&compare=none"]
    choices = [f"{span}{where}" for span in ranges for where in wheres]
    found = {page: [f"/{page}?{choice}" for choice in choices] for page in ("dashboard", "profitability", "categories")}
    found["brand"] = [f"/brands/{brand}?{span}" for brand in brands for span in ranges[::4]]
    found["products"] = [f"/products?{choice}" for choice in choices] + [
        f"/products?{ranges[0]}&{order}" for order in
        ("sort=name", "sort=value&order=asc", "metric=CM3", "search=brick", "search=B0")
    ]
    found["product"] = [f"/products/{asin}?{span}" for asin in products for span in ranges[::4]]
    found["paid"] = [f"/paid?{choice}" for choice in choices if "category" not in choice]
    return found


def other_addresses_of(settings: Settings) -> dict[str, list[str]]:
    """The same of pages that answer a question about figures, which readers ask less often."""
    choices = [address.partition("?")[2] for address in addresses_of(settings)["dashboard"]]
    metrics = ("CM3", "TACoS", "Net%20revenue", "CM3%20%25")
    return {
        "drivers": [f"/drivers?{choice}" for choice in choices if "compare=none" not in choice],
        "explain": [f"/explain?metric={metrics[turn % 4]}&{choice}" for turn, choice in enumerate(choices)],
        "search": [f"/search?q={words}" for words in WORDS],
    }


def _largest(settings: Settings) -> tuple[list[int], list[str], list[int]]:
    """The brands, products and categories with the most rows, those not sorted in yet left out."""

    def question(reading: Reading) -> tuple[list[int], list[str], list[int]]:
        brand, asin, product = schema.summary_brand, schema.summary_asin, schema.asin
        brands, categories = (
            sa.select(column).where(column != 0).group_by(column).order_by(sa.func.count().desc()).limit(15)
            for column in (brand.c.brand_id, brand.c.category_id)
        )
        products = (
            sa.select(product.c.asin).join(asin, asin.c.asin_id == product.c.id)
            .where(asin.c.month == reading.generation.last_month)
            .group_by(product.c.asin).order_by(sa.func.count().desc()).limit(15)
        )
        return tuple(list(reading.connection.execute(found).scalars()) for found in (brands, products, categories))

    store = open_store(settings)
    try:
        return store.read(question)
    finally:
        store.close()
