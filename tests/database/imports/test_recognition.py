"""A file of no known format is told what it lacks; a report of Amazon's that is not read is called by its name."""

import pytest

from database.imports.known_reports import REPORTS

# The first headings of each report as Seller Central writes them.
HEADINGS = {
    "fee preview": "sku\tfnsku\tasin\tamazon-store\tproduct-name\tproduct-group\tbrand\tfulfilled-by\tyour-price\t"
    "sales-price\tlongest-side\tmedian-side",
    "fulfilled shipments report": "amazon-order-id\tmerchant-order-id\tshipment-id\tshipment-item-id\t"
    "amazon-order-item-id\tpurchase-date\tsku\tproduct-name\tquantity-shipped\tcurrency\titem-price\tsales-channel",
    "returns report": "return-date,order-id,sku,asin,fnsku,product-name,quantity,detailed-disposition,reason",
    "reimbursements report": "approval-date\treimbursement-id\tcase-id\tamazon-order-id\treason\tsku\tfnsku\tasin",
    "FBA inventory report": "sku\tfnsku\tasin\tproduct-name\tcondition\tyour-price\tafn-fulfillable-quantity",
    "deferred transactions report":
        "Date,Transaction Status,Transaction type,Order ID,Product Details,Total product charges,Amazon fees",
    "settlement report of the first version (V1)": "settlement-id\ttransaction-type\torder-id\tprice-type\t"
    "price-amount\titem-related-fee-type\titem-related-fee-amount",
    "VAT transactions report":
        "UNIQUE_ACCOUNT_IDENTIFIER\tACTIVITY_PERIOD\tSALES_CHANNEL\tMARKETPLACE\tTRANSACTION_TYPE",
}


def test_every_report_has_its_headings_here():
    assert list(HEADINGS) == [report.name for report in REPORTS]


@pytest.mark.parametrize("name", HEADINGS)
def test_a_report_that_is_not_read_is_called_by_its_name_with_what_to_import_instead(refusal_of, name):
    instead = next(report.instead for report in REPORTS if report.name == name)
    words = [f"file.csv: is Amazon's {name}, which cannot be imported; {instead}"]
    assert refusal_of(f"{HEADINGS[name]}\nx\n") == words
    assert refusal_of(f"A title\n\n{HEADINGS[name].upper()}\nx\n") == words


def test_a_file_of_no_known_format_is_told_what_the_nearest_lack_and_how_it_was_understood(refusal_of):
    content = "A title\n\nASIN;Brand;Shop;Measure;Value\nA1;Acme;US;Net;\"1\n2\"\nA2;;;;\n3;\n4;\n5;\n"
    assert refusal_of(content) == [
        "file.csv: its headings are those of no known format; nothing was imported",
        "tidy (line 3) lacks Marketplace (or MP), Month",
        "long (line 3) lacks marketplace, metric, month",
        "sku-map (line 3) lacks sku",
        "line 1 was read as 'A title'",
        "line 3 was read as 'ASIN' | 'Brand' | 'Shop' | 'Measure' | 'Value'",
        "line 4 was read as 'A1' | 'Acme' | 'US' | 'Net' | '1 2'",
        "line 6 was read as 'A2' | '' | '' | '' | ''",
        "line 7 was read as '3' | ''",
    ]


ORDERS = "amazon-order-id\tpurchase-date\torder-status\tproduct-name\tsku\tasin\tsales-channel\tquantity\tcurrency\t" \
    "item-price\tship-city\tgift\n"
LINE = "1\t2024-01-05\tShipped\t{title}\tS\tA1\tAmazon.com\t2\tUSD\t10.50"


@pytest.mark.parametrize("title", ['"Big Mug', 'Ruler 12"', '"Best" Mug', '"', '""', 'a ""b'])
def test_a_quotation_mark_in_amazons_tab_file_is_a_character(staged_rows, title):
    content = ORDERS + (LINE.format(title=title) + "\tParis\t\n") * 3
    assert [row[-1] for row in staged_rows(content)] == ["31.50", "6.00", "31.50", "6.00"]


def test_cells_cut_off_at_the_end_of_a_line_of_amazons_tab_file_are_blank(staged_rows):
    content = ORDERS + LINE + "\tParis\tno\n" + LINE + "\n" + LINE + "\t\n" + LINE.removesuffix("\tUSD\t10.50")
    assert [row[-1] for row in staged_rows(content)] == ["31.50", "8.00", "31.50", "8.00"]


def test_a_line_of_amazons_tab_file_that_is_cut_before_its_quantity_is_refused(refusal_of):
    cut = LINE.removesuffix("\t2\tUSD\t10.50")
    assert refusal_of(ORDERS + LINE + "\n" + cut + "\n" + cut.replace("Shipped", "Cancelled")) == [
        "file.csv: line 3, column quantity: '' is blank; nothing was imported"
    ]
    # A program that saved the file again wrote a line break in a title: the line is two halves.
    assert refusal_of(ORDERS + LINE + "\n" + LINE.format(title='"Big\nMug"') + "\n") == [
        "file.csv: line 3, column sales-channel: '' is blank; nothing was imported"
    ]


def test_too_many_cells_in_a_line_of_amazons_tab_file_are_refused(refusal_of):
    assert refusal_of(ORDERS + LINE + "\tParis\tno\tmore\n") == [
        "file.csv: line 2: 13 cells where the headings have 12; nothing was imported"
    ]
