"""docs/IMPORTS.md: each example goes in as it stands, in the format that it is shown for."""

import re
from pathlib import Path

import pytest

from database.imports.files import import_file
from database.imports.products import BRANDS, PRODUCTS, take_products
from database.imports.staging import ImportOptions

DOCUMENT = Path(__file__).resolve().parents[3] / "docs/IMPORTS.md"
EXAMPLES = re.findall(r"^```csv ([a-z-]+)\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_each_example_goes_in_as_it_stands(store, write):
    took = []
    for number, (name, text) in enumerate(EXAMPLES):
        path = write(text, f"{number}.csv")
        if name in (PRODUCTS, BRANDS):
            took.append(take_products(store, path, dry_run=False).kind)
        else:
            report = import_file(store, path, ImportOptions(allow_currency=("EUR",)))
            took.append(report.format)
            assert (report.warnings, report.facts > 0 or name == "sku-map") == ((), True)
    assert took == [name for name, _ in EXAMPLES]
    assert len(EXAMPLES) == 15
