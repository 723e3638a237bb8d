"""What messages of the importer call by a switch, a person at a browser finds on the form."""

import pytest

from commands.import_files import command
from tests.web.conftest import text_of
from tests.web.imports.test_imports import send, settled
from web.imports.switches import FIELDS, fields_told


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_messages_lead_to_fields_that_the_form_has(signed_in):
    page = text_of(signed_in("analyst"), "/imports")
    assert [label for label in FIELDS.values() if label not in page] == []
    assert set(FIELDS) <= {switch for option in command.params for switch in getattr(option, "opts", ())}
    assert fields_told((
        "x.csv: 2 faults", "line 2: '3/4/2025' could be either; give --date-order dmy or --date-order mdy",
        "line 3: 'USA' is not a number; --skip-column 'A--b' leaves its column out",
    )) == ("Dates like 3/4/2024", "Columns to leave out")


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_a_refused_file_says_so_in_the_list_and_which_fields_help(signed_in):
    client = signed_in("analyst")
    content = b"ASIN,Brand,MP,Month,Net revenue\nB0TEST0001,Acme,US,3/4/2025,1\n"
    address = settled(client, send(client, ("march.csv", content)))
    assert "choose the file again on Imports , and under Options: Dates like 3/4/2024 ." in text_of(client, address)
    assert "march.csv refused" in text_of(client, "/imports")
