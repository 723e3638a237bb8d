"""Every route of the url map, and what each kind of visitor gets there. A route without an entry fails."""

import re

import pytest

from domain.people import ADMIN, ANALYST, VIEWER, Person
from tests.web.conftest import csrf_token
from web.http.access import may_see, needs, needs_every_brand
from web.pages import dashboard

VISITORS = ("nobody", "viewer", "analyst", "admin", "limited")
"""The last one is a viewer who sees one brand only."""

# 503: signed in, and nothing was ever refreshed. 302 and 303: go and sign in, or on to the dashboard.
EXPECTED = {
    ("GET", "/"): (302, 503, 503, 503, 503),
    ("GET", "/dashboard"): (302, 503, 503, 503, 503),
    ("GET", "/dashboard.csv"): (302, 503, 503, 503, 503),
    ("GET", "/dashboard.xlsx"): (302, 503, 503, 503, 503),
    ("GET", "/api/v1/dashboard"): (401, 503, 503, 503, 503),
    ("GET", "/api/v1/choices"): (401, 503, 503, 503, 503),
    ("GET", "/api/v1/generation"): (401, 403, 503, 503, 403),
    ("GET", "/api/v1/generation/file"): (401, 403, 503, 503, 403),
    ("GET", "/api/v1/openapi.json"): (401, 200, 200, 200, 200),
    ("GET", "/profitability"): (302, 503, 503, 503, 503),
    ("GET", "/profitability.csv"): (302, 503, 503, 503, 503),
    ("GET", "/profitability.xlsx"): (302, 503, 503, 503, 503),
    ("GET", "/api/v1/profitability"): (401, 503, 503, 503, 503),
    ("GET", "/categories"): (302, 503, 503, 503, 503),
    ("GET", "/categories.csv"): (302, 503, 503, 503, 503),
    ("GET", "/categories.xlsx"): (302, 503, 503, 503, 503),
    ("GET", "/api/v1/categories"): (401, 503, 503, 503, 503),
    ("GET", "/brands/<id:brand_id>"): (302, 503, 503, 503, 503),
    ("GET", "/brands/<id:brand_id>.csv"): (302, 503, 503, 503, 503),
    ("GET", "/brands/<id:brand_id>.xlsx"): (302, 503, 503, 503, 503),
    ("GET", "/api/v1/brands/<id:brand_id>"): (401, 503, 503, 503, 503),
    ("GET", "/products"): (302, 503, 503, 503, 503),
    ("GET", "/products.csv"): (302, 503, 503, 503, 503),
    ("GET", "/products.xlsx"): (302, 503, 503, 503, 503),
    ("GET", "/api/v1/products"): (401, 503, 503, 503, 503),
    ("GET", "/products/<text:asin>"): (302, 503, 503, 503, 503),
    ("GET", "/products/<text:asin>.csv"): (302, 503, 503, 503, 503),
    ("GET", "/products/<text:asin>.xlsx"): (302, 503, 503, 503, 503),
    ("GET", "/api/v1/products/<text:asin>"): (401, 503, 503, 503, 503),
    ("GET", "/settlements"): (302, 503, 503, 503, 403),
    ("GET", "/settlements.csv"): (302, 503, 503, 503, 403),
    ("GET", "/settlements.xlsx"): (302, 503, 503, 503, 403),
    ("GET", "/api/v1/settlements"): (401, 503, 503, 503, 403),
    ("GET", "/settlements/<text:settlement_id>"): (302, 503, 503, 503, 403),
    ("GET", "/settlements/<text:settlement_id>.csv"): (302, 503, 503, 503, 403),
    ("GET", "/settlements/<text:settlement_id>.xlsx"): (302, 503, 503, 503, 403),
    ("GET", "/api/v1/settlements/<text:settlement_id>"): (401, 503, 503, 503, 403),
    ("GET", "/settlements/kinds/<id:kind_id>"): (302, 503, 503, 503, 403),
    ("POST", "/settlements/kinds/<id:kind_id>"): (303, 403, 503, 503, 403),
    ("GET", "/lines"): (302, 400, 400, 400, 400),
    ("POST", "/lines"): (303, 400, 400, 400, 400),
    ("GET", "/lines/<token>"): (302, 404, 404, 404, 404),
    ("GET", "/lines/<token>/progress"): (302, 404, 404, 404, 404),
    ("GET", "/lines/<token>/file"): (302, 404, 404, 404, 404),
    ("GET", "/catalog"): (302, 503, 503, 503, 503),
    ("GET", "/catalog.csv"): (302, 503, 503, 503, 503),
    ("GET", "/catalog.xlsx"): (302, 503, 503, 503, 503),
    ("GET", "/api/v1/catalog"): (401, 503, 503, 503, 503),
    ("GET", "/drivers"): (302, 503, 503, 503, 503),
    ("GET", "/drivers.csv"): (302, 503, 503, 503, 503),
    ("GET", "/drivers.xlsx"): (302, 503, 503, 503, 503),
    ("GET", "/api/v1/drivers"): (401, 503, 503, 503, 503),
    ("GET", "/figures"): (302, 503, 503, 503, 503),
    ("GET", "/figures.csv"): (302, 503, 503, 503, 503),
    ("GET", "/figures.xlsx"): (302, 503, 503, 503, 503),
    ("GET", "/api/v1/figures"): (401, 503, 503, 503, 503),
    ("GET", "/paid"): (302, 503, 503, 503, 403),
    ("GET", "/paid.csv"): (302, 503, 503, 503, 403),
    ("GET", "/paid.xlsx"): (302, 503, 503, 503, 403),
    ("GET", "/api/v1/paid"): (401, 503, 503, 503, 403),
    ("POST", "/explain/rows"): (303, 400, 400, 400, 400),
    ("GET", "/explain/rows/<token>"): (302, 404, 404, 404, 404),
    ("GET", "/explain/rows/<token>/progress"): (302, 404, 404, 404, 404),
    ("GET", "/explain/rows/<token>/file"): (302, 404, 404, 404, 404),
    ("GET", "/explain"): (302, 503, 503, 503, 503),
    ("GET", "/explain.csv"): (302, 503, 503, 503, 503),
    ("GET", "/explain.xlsx"): (302, 503, 503, 503, 503),
    ("GET", "/api/v1/explain"): (401, 503, 503, 503, 503),
    ("GET", "/unit-costs/<text:asin>"): (302, 503, 503, 503, 503),
    ("POST", "/unit-costs/<text:asin>"): (303, 403, 503, 503, 403),
    ("GET", "/overheads"): (302, 503, 503, 503, 403),
    ("GET", "/overheads.csv"): (302, 503, 503, 503, 403),
    ("GET", "/overheads.xlsx"): (302, 503, 503, 503, 403),
    ("GET", "/api/v1/overheads"): (401, 503, 503, 503, 403),
    ("POST", "/overheads/tell"): (303, 403, 503, 503, 403),
    ("POST", "/catalog/assign"): (303, 403, 303, 303, 403),
    ("POST", "/catalog/skus"): (303, 403, 303, 303, 403),
    ("POST", "/catalog/upload"): (303, 403, 303, 303, 403),
    ("GET", "/catalog/drafts/<token>"): (302, 403, 404, 404, 403),
    ("POST", "/catalog/drafts/<token>"): (303, 403, 404, 404, 403),
    ("POST", "/catalog/drafts/<token>/discard"): (303, 403, 404, 404, 403),
    ("GET", "/search"): (302, 200, 200, 200, 200),
    ("GET", "/search/found"): (302, 200, 200, 200, 200),
    ("GET", "/help"): (302, 200, 200, 200, 200),
    ("GET", "/views"): (302, 200, 200, 200, 200),
    ("POST", "/views"): (303, 400, 400, 400, 400),
    ("POST", "/views/<id:view_id>/rename"): (303, 303, 303, 303, 303),
    ("POST", "/views/<id:view_id>/remove"): (303, 303, 303, 303, 303),
    ("POST", "/views/<id:view_id>/start"): (303, 303, 303, 303, 303),
    ("POST", "/notes/close"): (303, 400, 400, 400, 400),
    ("GET", "/imports"): (302, 200, 200, 200, 403),
    ("GET", "/imports.csv"): (302, 200, 200, 200, 403),
    ("GET", "/imports.xlsx"): (302, 200, 200, 200, 403),
    ("GET", "/imports/templates/<template>"): (302, 200, 200, 200, 403),
    ("GET", "/imports/<id:import_id>"): (302, 404, 404, 404, 403),
    ("GET", "/imports/<id:import_id>/undo"): (302, 403, 404, 404, 403),
    ("POST", "/imports/<id:import_id>/undo"): (303, 403, 404, 404, 403),
    ("POST", "/imports/upload"): (303, 403, 303, 303, 403),
    ("GET", "/imports/tasks/<token>"): (302, 403, 404, 404, 403),
    ("GET", "/imports/tasks/<token>/progress"): (302, 403, 404, 404, 403),
    ("POST", "/imports/tasks/<token>"): (303, 403, 404, 404, 403),
    ("POST", "/imports/tasks/<token>/again"): (303, 403, 404, 404, 403),
    ("POST", "/imports/tasks/<token>/stop"): (303, 403, 404, 404, 403),
    ("POST", "/imports/tasks/<token>/discard"): (303, 403, 404, 404, 403),
    ("POST", "/imports/refresh"): (303, 403, 403, 303, 403),
    ("GET", "/operations"): (302, 403, 200, 200, 403),
    ("GET", "/operations.csv"): (302, 403, 200, 200, 403),
    ("GET", "/operations.xlsx"): (302, 403, 200, 200, 403),
    ("GET", "/operations/progress"): (302, 403, 200, 200, 403),
    ("POST", "/operations/check"): (303, 403, 403, 303, 403),
    ("POST", "/operations/left-out"): (303, 403, 400, 400, 403),
    ("GET", "/operations/work/<token>"): (302, 403, 404, 404, 403),
    ("GET", "/operations/work/<token>/progress"): (302, 403, 404, 404, 403),
    ("GET", "/operations/work/<token>/file"): (302, 403, 404, 404, 403),
    ("POST", "/operations/refresh"): (303, 403, 403, 303, 403),
    ("GET", "/operations/refresh/<token>"): (302, 403, 403, 404, 403),
    ("GET", "/operations/refresh/<token>/progress"): (302, 403, 403, 404, 403),
    ("POST", "/operations/refresh/<token>"): (303, 403, 403, 404, 403),
    ("POST", "/operations/refresh/<token>/stop"): (303, 403, 403, 404, 403),
    ("POST", "/operations/refresh/<token>/discard"): (303, 403, 403, 404, 403),
    ("POST", "/operations/stop"): (303, 403, 403, 303, 403),
    ("GET", "/operations/rates"): (302, 200, 200, 200, 403),
    ("GET", "/operations/rates.csv"): (302, 503, 503, 503, 403),
    ("GET", "/operations/rates.xlsx"): (302, 503, 503, 503, 403),
    ("GET", "/api/v1/operations/rates"): (401, 503, 503, 503, 403),
    ("GET", "/operations/rates/template"): (302, 200, 200, 200, 403),
    ("POST", "/operations/rates/upload"): (303, 403, 303, 303, 403),
    ("POST", "/operations/rates/one"): (303, 403, 303, 303, 403),
    ("GET", "/operations/rates/work/<token>"): (302, 403, 404, 404, 403),
    ("GET", "/operations/rates/work/<token>/progress"): (302, 403, 404, 404, 403),
    ("POST", "/operations/rates/work/<token>"): (303, 403, 404, 404, 403),
    ("POST", "/operations/rates/work/<token>/discard"): (303, 403, 404, 404, 403),
    ("GET", "/operations/rules"): (302, 403, 200, 200, 403),
    ("POST", "/operations/rules"): (303, 403, 400, 400, 403),
    ("GET", "/operations/rules/<id:rule_id>"): (302, 403, 404, 404, 403),
    ("POST", "/operations/rules/<id:rule_id>"): (303, 403, 404, 404, 403),
    ("POST", "/operations/rules/<id:rule_id>/remove"): (303, 403, 404, 404, 403),
    ("GET", "/account"): (302, 200, 200, 200, 200),
    ("POST", "/account/password"): (303, 400, 400, 400, 400),
    ("POST", "/account/sessions/end"): (303, 400, 400, 400, 400),
    ("POST", "/account/tokens"): (303, 400, 400, 400, 400),
    ("POST", "/account/tokens/revoke"): (303, 400, 400, 400, 400),
    ("GET", "/account/second-factor"): (302, 303, 303, 303, 303),
    ("POST", "/account/second-factor"): (303, 400, 400, 400, 400),
    ("POST", "/account/second-factor/confirm"): (303, 303, 303, 303, 303),
    ("POST", "/account/second-factor/codes"): (303, 400, 400, 400, 400),
    ("POST", "/account/second-factor/off"): (303, 400, 400, 400, 400),
    ("GET", "/users"): (302, 403, 403, 200, 403),
    ("POST", "/users"): (303, 403, 403, 400, 403),
    ("GET", "/users/<id:user_id>"): (302, 403, 403, 404, 403),
    ("POST", "/users/<id:user_id>/role"): (303, 403, 403, 404, 403),
    ("POST", "/users/<id:user_id>/brands"): (303, 403, 403, 404, 403),
    ("POST", "/users/<id:user_id>/disable"): (303, 403, 403, 404, 403),
    ("POST", "/users/<id:user_id>/enable"): (303, 403, 403, 404, 403),
    ("POST", "/users/<id:user_id>/sessions/end"): (303, 403, 403, 404, 403),
    ("POST", "/users/<id:user_id>/tokens/revoke"): (303, 403, 403, 404, 403),
    ("POST", "/users/<id:user_id>/second-factor/off"): (303, 403, 403, 404, 403),
    ("POST", "/users/<id:user_id>/link"): (303, 403, 403, 404, 403),
    ("GET", "/users/audit"): (302, 403, 403, 200, 403),
    ("GET", "/users/audit.csv"): (302, 403, 403, 200, 403),
    ("GET", "/welcome/<secret>"): (404, 404, 404, 404, 404),
    ("POST", "/welcome/<secret>"): (404, 404, 404, 404, 404),
    ("GET", "/login"): (200, 303, 303, 303, 303),
    ("GET", "/login/code"): (303, 303, 303, 303, 303),
    ("POST", "/login/code"): (303, 303, 303, 303, 303),
    ("POST", "/login"): (403, 403, 403, 403, 403),
    ("GET", "/healthz"): (200, 200, 200, 200, 200),
    ("GET", "/readyz"): (200, 200, 200, 200, 200),
    ("GET", "/metrics"): (200, 200, 200, 200, 200),
    ("GET", "/static/<path:filename>"): (200, 200, 200, 200, 200),
    ("POST", "/logout"): (303, 303, 303, 303, 303),
}
ARGUMENTS = {
    "filename": "css/base.css", "brand_id": "1", "asin": "B000000001", "token": "0" * 32, "import_id": "999",
    "user_id": "999", "secret": "A" * 43, "rule_id": "999", "template": "long",
    "settlement_id": "28400001001", "kind_id": "999", "view_id": "999",
}


def routes(app):
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def test_every_route_has_its_entry(small_app):
    assert routes(small_app) == set(EXPECTED)


@pytest.mark.parametrize("visitor", VISITORS)
def test_every_route_answers_each_visitor_as_listed(app, signed_in, visitor):
    found = {}
    client = app.test_client() if visitor == "nobody" else signed_in(visitor)
    client.get("/login")
    for method, rule in EXPECTED:  # signing out stands last
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ARGUMENTS[found[1]], rule)
        form = {"csrf_token": csrf_token(client)} if method == "POST" else None
        found[method, rule] = client.open(path, method=method, data=form).status_code
    assert found == {route: statuses[VISITORS.index(visitor)] for route, statuses in EXPECTED.items()}


def test_whoever_asks_for_a_page_comes_back_to_it_after_signing_in(client):
    answer = client.get("/dashboard?period=3m&brand=1,2")
    assert (answer.status_code, answer.location) == (302, "/login?next=/dashboard?period%3D3m%26brand%3D1,2")
    assert 'name="next" value="/dashboard?period=3m&amp;brand=1,2"' in client.get(answer.location).text


def test_a_role_that_is_too_small_gets_403(app, signed_in):
    app.add_url_rule("/for-admins", endpoint="for_admins", view_func=needs(ADMIN)(lambda: "in"))
    app.add_url_rule("/for-anybody", endpoint="for_anybody", view_func=lambda: "in")
    statuses = {}
    for role in ("viewer", "analyst", "admin"):
        client = signed_in(role)
        statuses[role] = client.get("/for-admins").status_code, client.get("/for-anybody").status_code
    assert statuses == {"viewer": (403, 200), "analyst": (403, 200), "admin": (200, 200)}
    assert app.test_client().get("/for-anybody").status_code == 302


@pytest.mark.parametrize(
    ("mark", "expected"), [(needs(ANALYST), [False, True, True]), (needs_every_brand, [True, True, False])]
)
def test_files_and_rows_of_a_page_need_what_the_page_needs(monkeypatch, request, mark, expected):
    for word, usual in (("needs", VIEWER), ("needs_every_brand", False)):
        monkeypatch.setattr(dashboard.show, word, usual, raising=False)
    mark(dashboard.show)
    views = request.getfixturevalue("small_app").view_functions
    people = (Person(1, "vera", VIEWER), Person(2, "anna", ANALYST), Person(3, "lena", ANALYST, frozenset({1})))
    for endpoint in ("dashboard.show", *map(dashboard.offer.endpoint_of, ("csv", "xlsx", "api"))):
        assert [may_see(views[endpoint], person) for person in people] == expected, endpoint


def test_below_api_nobody_gets_401_and_no_form(app):
    app.add_url_rule("/api/v1/thing", endpoint="thing", view_func=lambda: "in")
    assert app.test_client().get("/api/v1/thing").status_code == 401
