"""Names of products come with files: Amazon's reports, and tables of one's own. What is stored stays."""

import datetime

import pytest
import sqlalchemy as sa

from database import schema
from database.imports.products import take_products
from database.imports.report import Difference
from database.imports.undo import undo_import
from tests.databases import ONE_SERVER

MUG, POT = "B0EXAMPLE1", "B0EXAMPLE2"
FEBRUARY = {"month": datetime.date(2025, 2, 1), "marketplace": "US"}


@pytest.fixture(params=ONE_SERVER)
def engine(request):
    """A cluster takes no reports of lines."""
    return request.param


def listings(*rows, heading="item-name"):
    lines = [f"{heading}\tseller-sku\tprice\tasin1\tstatus", *(
        f"{name}\t{sku}\t9.99\t{asin}\tActive" for asin, sku, name in rows
    )]
    return "\r\n".join(lines) + "\r\n"


def orders(*rows, day="2025-02-03"):
    lines = ["amazon-order-id\tpurchase-date\torder-status\tproduct-name\tsku\tasin\tsales-channel\tquantity\tcurrency"
             "\titem-price"]
    lines += [
        f"111-{day}-{number}\t{day}T10:00:00+00:00\tShipped\t{name}\t{sku}\t{asin}\tAmazon.com\t1\tUSD\t24.99"
        for number, (asin, sku, name) in enumerate(rows)
    ]
    return "\r\n".join(lines) + "\r\n"


def business(title="Title"):
    return (f"(Parent) ASIN,(Child) ASIN,{title},Sessions - Total,Units Ordered,Ordered Product Sales\n"
            f'{MUG},{MUG},"Mug, of business",10,1,$24.99\n')


def advertising():
    return ("Date,Currency,Campaign Name,Ad Group Name,Advertised SKU,Advertised ASIN,Product Name,Clicks,Spend\n"
            f'"Feb 05, 2025",USD,Mugs,All,MUG,{MUG},Mug of advertising,10,$4.20\n')


def storage():
    return ("asin,fnsku,product_name,fulfillment_center,country_code,month_of_charge,currency,"
            f"estimated_monthly_storage_fee\n{MUG.lower()},X1,Mug of storage,ABE2,US,2025-02,USD,0.4375\n")


def long_file(*rows, heading="product name"):
    lines = [f"asin,brand,marketplace,metric,month,value,{heading}"]
    lines += [f'{asin},Acme,US,{metric},2025-02,1,"{name}"' for asin, metric, name in rows]
    return "\n".join(lines) + "\n"


def names_of(store):
    """asin -> name."""
    with store.facts() as connection:
        return {asin: name for asin, name in connection.execute(sa.select(schema.asin.c.asin, schema.asin.c.name))}


def name_it(store, write, name, asin=MUG):
    """As a person does."""
    take_products(store, write(f'asin,name\n{asin},"{name}"\n', "products.csv"), dry_run=False)


@pytest.mark.parametrize(("content", "options", "name"), [
    (orders((MUG, "MUG", "Mug of orders")), {}, "Mug of orders"),
    (business(), FEBRUARY, "Mug, of business"),
    (advertising(), {}, "Mug of advertising"),
    (storage(), {}, "Mug of storage"),
    (long_file((MUG, "CM1", "Mug of long")), {}, "Mug of long"),
    (f"ASIN,Brand,MP,Title,CM1 Jan-25,CM1 Feb-25\n{MUG},Acme,US,Mug of wide,1,2\n", {}, "Mug of wide"),
    (f"ASIN,Brand,MP,Month,Item name,CM1\n{MUG},Acme,US,2025-02,Mug of tidy,1\n", {}, "Mug of tidy"),
])
def test_a_file_names_the_products_that_it_makes(store, take, content, options, name):
    take(content, **options)
    assert names_of(store) == {MUG: name}


def test_listings_name_products_that_are_there_and_those_that_come_later(store, take):
    take(long_file((MUG, "CM1", "-")))
    report = take(listings((MUG, "MUG", "Mug, blue"), (POT, "POT", "Pot")), name="listings.txt")
    assert report.new.filled == 1
    assert any(line == "  filled    1 product got a name, brand, category or status they lacked"
               for line in report.lines())
    assert names_of(store) == {MUG: "Mug, blue"}
    report = take(orders((POT, "POT", "Pot of orders")))
    assert (report.new.products, report.new.filled) == (1, 1)
    assert names_of(store) == {MUG: "Mug, blue", POT: "Pot"}


def test_a_table_makes_products_that_listings_named_before(store, take):
    take(listings((MUG, "MUG", "Mug, blue"), (POT, "POT", "Pot")))
    report = take(long_file((MUG, "CM1", "")).replace(",product name", ",brand name 2"))
    assert (report.new.products, report.new.filled) == (1, 1)
    assert names_of(store) == {MUG: "Mug, blue"}
    take(long_file((POT, "CM1", "Pot of mine")), name="another.csv")
    assert names_of(store) == {MUG: "Mug, blue", POT: "Pot of mine"}


def test_listings_go_before_orders_and_of_equals_the_newest_counts(store, take):
    told = [
        take(listings((MUG, "MUG", "First listed"))), take(listings((MUG, "MUG", "Listed"))),
        take(business(), **FEBRUARY, dry_run=True),
    ]
    assert names_of(store) == {}
    with store.facts() as connection:
        kept = connection.execute(sa.select(schema.told_name).order_by(schema.told_name.c.import_id)).all()
    assert kept == [(MUG, told[0].import_id, "amazon-listings", "First listed"),
                    (MUG, told[1].import_id, "amazon-listings", "Listed")]
    take(orders((MUG, "MUG", "Ordered")))
    assert names_of(store) == {MUG: "Listed"}


def test_undoing_takes_away_what_was_only_told_and_leaves_what_a_product_got(store, take):
    first = take(listings((MUG, "MUG", "First"), (POT, "POT", "Pot")))
    second = take(listings((MUG, "MUG", "Second")))
    undo_import(store, second.import_id)
    sold = take(orders((MUG, "MUG", "")))
    assert names_of(store) == {MUG: "First"}
    undo_import(store, first.import_id)
    take(orders((POT, "POT", ""), day="2025-02-04"))
    assert names_of(store) == {MUG: "First", POT: None}
    undo_import(store, sold.import_id)
    again = take(listings((MUG, "MUG", "First"), (POT, "POT", "Pot")))
    assert (again.new.filled, names_of(store)) == (1, {MUG: "First", POT: "Pot"})


def test_a_persons_name_stays_unless_somebody_asks_for_the_files(store, take, write):
    take(orders((MUG, "MUG", "Ordered"), (POT, "POT", "Pot")))
    name_it(store, write, "My mug")
    report = take(listings((MUG, "MUG", "Listed"), (POT, "POT", "Pot")))
    assert (report.new.filled, report.difference_count, names_of(store)[MUG]) == (0, 0, "My mug")
    report = take(listings((MUG, "MUG", "Listed anew"), (POT, "POT", "Pot")), update_products=True)
    assert report.differences == (Difference(MUG, "name", "My mug", "Listed anew", True),)
    assert names_of(store) == {MUG: "Listed anew", POT: "Pot"}


def test_a_table_is_held_against_the_names_that_are_stored(store, take, write):
    take(long_file((MUG, "CM1", "Mug"), (POT, "CM1", "")))
    name_it(store, write, "My mug")
    report = take(long_file((MUG, "CM1", "The mug"), (POT, "CM1", "Pot")))
    assert report.differences == (Difference(MUG, "name", "My mug", "The mug", False),)
    assert (report.new.filled, names_of(store)) == (1, {MUG: "My mug", POT: "Pot"})
    report = take(long_file((MUG, "CM2", "The mug"), (POT, "CM2", "")), update_products=True)
    assert report.differences == (Difference(MUG, "name", "My mug", "The mug", True),)
    assert names_of(store) == {MUG: "The mug", POT: "Pot"}


def test_the_most_frequent_name_counts_and_several_are_said(store, take):
    report = take(long_file((MUG, "CM1", "Mug"), (MUG, "CM2", "Cup"), (MUG, "CM3", "Cup "), (POT, "CM1", "Pot")))
    assert names_of(store) == {MUG: "Cup", POT: "Pot"}
    assert report.notes == (
        f"1 product has more than one name in the file; the most frequent counts: {MUG} (Cup)",
    )


@pytest.mark.parametrize("content", [
    lambda rows: long_file(*((asin, "CM1", name) for asin, name in rows)),
    lambda rows: orders(*((asin, asin, name) for asin, name in rows)),
])
def test_odd_texts_never_refuse_figures_and_are_left_out_with_a_word(store, take, content):
    texts = {
        "B0ODDNAME0": "L" * 256, "B0ODDNAME1": "bell\a", "B0ODDNAME2": "\u2066turned", "B0ODDNAME3": "#REF!",
        "B0ODDNAME4": "n/a", "B0ODDNAME5": "B0ODDNAME5", "B0ODDNAME6": "  Große\u00a0\u200bTasse 😀 ",
        "B0ODDNAME7": "=1+1", "B0ODDNAME8": "M" * 255,
    }
    report = take(content(texts.items()))
    kept = {"B0ODDNAME6": "Große Tasse 😀", "B0ODDNAME7": "=1+1", "B0ODDNAME8": "M" * 255}
    assert names_of(store) == dict.fromkeys(texts) | kept
    told = next(skipped for skipped in report.skipped if skipped.reason.startswith("names of products"))
    assert told.count == 4
    assert told.reason == (
        "names of products, whose figures were taken: '#REF!' is an error of the spreadsheet, "
        f"'{'L' * 60}'… (256 characters) is longer than 255 characters, 'bell\\x07' holds control characters, "
        "'\\u2066turned' holds control characters"
    )


@pytest.mark.parametrize(("rows", "why"), [
    ([(MUG, "Acme"), (POT, "ACME")], "most of them stand beside more than one product"),
    ([(MUG, "acme")], "most of them are brands, categories, statuses, marketplaces or numbers"),
    ([(MUG, "Amazon.com")], "most of them are brands, categories, statuses, marketplaces or numbers"),
    ([(MUG, "4711"), (POT, "0815")], "most of them are brands, categories, statuses, marketplaces or numbers"),
    ([(MUG, "Amazon.com"), (MUG, "Amazon.de"), (POT, "Amazon.de"), (POT, "Amazon.com")],
     "most products have more than one"),
])
@pytest.mark.parametrize("heading", ["Name", "Title"])
def test_a_column_called_name_may_be_of_something_else(staged_of, heading, rows, why):
    lines = [f"ASIN,Brand,MP,{heading},CM1 Jan-25"]
    places = ("US", "DE", "US", "DE")
    lines += [f"{asin},Acme,{place},{name},1" for place, (asin, name) in zip(places, rows, strict=False)]
    staged = staged_of("\n".join(lines) + "\n")
    assert (staged.names, staged.notes) == (None, (
        f"column '{heading}' was not taken for names of products: {why}; call it Product name if it is that",
    ))


@pytest.mark.parametrize("content", [
    f"ASIN,Brand,MP,Item name,CM1 Jan-25\n{MUG},Acme,US,Mug,1\n",
    f"ASIN,Brand,MP,Item name,Month,CM1\n{MUG},Acme,US,Mug,2025-01,1\n",
    f"asin,brand,marketplace,item name,metric,month,value\n{MUG},Acme,US,Mug,CM1,2025-01,1\n",
])
def test_a_person_may_leave_the_column_out(staged_of, content):
    assert staged_of(content).names
    assert staged_of(content, skip_columns=("Item Name",)).names is None


def test_a_surer_heading_goes_before_name(store, take):
    take(f"ASIN,Brand,MP,Name,Product name,CM1 Jan-25\n{MUG},Acme,US,Anna,Mug,1\n{POT},Acme,US,Bert,Pot,1\n")
    assert names_of(store) == {MUG: "Mug", POT: "Pot"}


def test_a_second_column_of_names_refuses_no_report(store, take):
    take(orders((MUG, "MUG", "Mug")).replace("quantity", "product-name", 1).replace("currency", "quantity", 1)
         .replace("\t1\tUSD", "\tTwice\t1"))
    assert names_of(store) == {MUG: "Mug"}
