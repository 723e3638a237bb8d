"""Unit costs on pages: for which share of revenue there is one, which products lack it, and how it is entered."""

from __future__ import annotations

import pytest

from tests.database.lines.test_cost_publishing import COSTS, FACTS
from tests.web.conftest import text_of
from tests.web.imports.test_imports import audit, facts, log_rows, post, settled

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
MONTHS = "from=2025-01&to=2025-02"


@pytest.fixture
def shop(shop_of):
    return shop_of(facts=FACTS, costs=COSTS)


@EMBEDDED
def test_pages_with_margins_say_for_which_share_a_cost_is_known_and_lead_to_the_rest(shop, signed_in):
    client = signed_in("viewer")
    for page in ("dashboard", "profitability", "categories", "brands/1", "products"):
        # Birch, whose cost a file gives, is no part of the brand's page.
        share = "57.1%" if page == "brands/1" else "60.5%"
        assert (
            f"A unit cost is known for {share} of net revenue: 2 products have no unit cost, and margins count their "
            "goods as free. Products without a unit cost"
        ) in text_of(client, f"/{page}?{MONTHS}"), page
    assert "unit cost is known" not in text_of(client, "/dashboard?from=2025-02&to=2025-02")
    listed = client.get("/catalog?show=uncosted").text
    assert listed.index("B0COST0001") < listed.index("B0COST0002") and "/unit-costs/B0COST0002" in listed
    product = client.get(f"/products/B0COST0001?{MONTHS}").text
    assert "Unit cost" in product and "/unit-costs/B0COST0001" in product
    page = text_of(client, "/unit-costs/B0COST0001")
    assert "Mar 2025" in page and "0.0125" in page and "4.50" in page and "Save and refresh" not in page
    assert client.get("/unit-costs/NOBODY").status_code == 404


def test_an_analyst_tells_a_cost_which_is_an_import_of_its_own_and_can_be_taken_back(shop, signed_in):
    client, before = signed_in("analyst"), facts(shop)
    for form, words in (
        ({"valid_from": "2025-13", "cost": "1"}, "is not a month"),
        ({"valid_from": "2025-01", "cost": "4,20"}, "is no cost"),
        ({"valid_from": "2025-01", "cost": "1", "marketplace": "XX"}, "There is no marketplace"),
    ):
        answer = post(client, "/unit-costs/B0COST0002", **form)
        assert words in text_of(client, answer.location)
    assert facts(shop) == before

    tell = {"valid_from": "2025-01", "cost": "2.0625", "marketplace": "DE"}
    page = text_of(client, settled(client, post(client, "/unit-costs/B0COST0002", **tell)))
    assert "Imported" in page and "The pages show it now (generation 2)." in page
    derived = [row for row in facts(shop) if row not in before]
    # 5 pieces at 2.0625 are 10.3125.
    assert ("B0COST0002", "Net COGS", "2025-01", "10.31") in derived
    assert ("B0COST0002", "CM1", "2025-01", "39.69") in derived
    number, name, status, who, _ = log_rows(shop)[-1]
    assert (name, status, who) == ("Unit cost of B0COST0002 from 2025-01.csv", "done", "analyst")
    assert "2.0625" in text_of(client, "/unit-costs/B0COST0002")
    assert "1 product has no unit cost" in text_of(client, f"/dashboard?{MONTHS}")

    # The same words once more are another import, not the same file.
    page = text_of(client, settled(client, post(client, "/unit-costs/B0COST0002", **tell)))
    assert "Imported" in page
    for import_id in (number + 1, number):
        settled(client, post(client, f"/imports/{import_id}/undo", refresh="1"))
    assert facts(shop) == before
    assert "2.0625" not in text_of(client, "/unit-costs/B0COST0002")
    assert ("analyst", "undo confirmed") in audit(shop)
