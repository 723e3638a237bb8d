"""The API as an OpenAPI 3.1 document, made from the offers and the words of the selection themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from werkzeug.routing import Rule

from domain.columns import USUAL_IN_FILES
from domain.narrowing import NARROWINGS
from domain.parameters import LONGEST, LONGEST_SEARCH
from domain.periods import COMPARISONS, RELATIVE
from domain.selection import ORDERS
from web.figures.shared_costs import STATES
from web.figures.sheets import KINDS, Offer

VERSION = "1"
MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"
_TEXT = {"type": "string"}
_MONTH = {"type": "string", "pattern": MONTH, "examples": ["2025-10"]}
_WHOLE = {"type": "integer", "minimum": 1}
_IDS = {"type": "array", "items": {"type": "integer", "minimum": 0}}


def document(
    operations: Iterable[tuple[Offer, Rule]], *, title: str, root: str, most_rows: int, default_rows: int
) -> dict[str, Any]:
    """The document, for a site below `root` ('' for the top)."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{title} API", "version": VERSION,
            "description": (
                "The rows of the pages, from the same queries, for the same selection. Figures are decimal texts: "
                "money in full cents, percents as fractions. Make a token with: flask create-token NAME --label LABEL"
            ),
        },
        "servers": [{"url": root or "/"}],
        "security": [{"token": []}],
        "paths": {
            _template(rule): {"get": _operation(offer, rule, most_rows=most_rows, default_rows=default_rows)}
            for offer, rule in operations
        } | {
            "/api/v1/choices": {"get": _plain_operation("choices", "What a selection may name", "Choices")},
            "/api/v1/generation": {"get": _plain_operation(
                "generation", "The file of the live generation, for flask fetch-generation", "Generation",
            )},
            "/api/v1/generation/file": {"get": _file_operation()},
            "/api/v1/openapi.json": {"get": _plain_operation("openapi", "This document")},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Rows": _rows(), "Choices": _choices(), "Generation": _generation(), "Problem": _problem()},
            "responses": {"Problem": {
                "description": "Not answered; `request_id` finds the reason in the log.",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
        },
    }


def selection_schemas(sorts: tuple[str, ...], *, has_columns: bool = False) -> dict[str, tuple[dict[str, Any], str]]:
    """Word of the selection -> its schema and what it means. Where columns can be chosen, rows are sorted by them, too:
    which there are depends on the figures."""
    words = ", ".join(RELATIVE)
    order = ({"type": "string", "enum": list(sorts)}, "The order of rows.")
    if has_columns:
        order = (_TEXT, f"The order of rows: {', '.join(sorts)}, or the word of a column.")
    return {
        "period": (
            {"type": "string", "pattern": rf"^({'|'.join(RELATIVE)}|\d{{4}})$"},
            f"{words}, which follow the data, or a year: months that are over, but for mtd.",
        ),
        "from": (_MONTH, "First month, instead of period."),
        "to": (_MONTH, "Last month, instead of period."),
        "metric": (_TEXT, "The name of a metric, of an amount made of several, or of a ratio."),
        "brand": (_IDS, "Ids of brands; 0 is (unassigned)."),
        "category": (_IDS, "Ids of categories; 0 is (uncategorised)."),
        "marketplace": ({"type": "array", "items": _TEXT}, "Codes of marketplaces."),
        "asin": (_TEXT, "The ASIN of one product, instead of brand and category."),
        "search": ({"type": "string", "maxLength": LONGEST_SEARCH}, "Words that an ASIN or a name holds."),
        "compare": (
            {"type": "string", "enum": list(COMPARISONS)},
            "What changes are against. Left out: the year before for a month, a quarter, a year and the months since "
            "January, for others as many months before them.",
        ),
        "shared": ({"type": "string", "enum": ["in", "out"]}, "Whether costs of no product are shared out."),
        "columns": (
            {"type": "array", "items": _TEXT},
            "Words of the columns that products have beside the chosen metric: /api/v1/choices names them. Left out: "
            f"{', '.join(column.word for column in USUAL_IN_FILES)}.",
        ),
        "only": (
            {"type": "array", "items": {"type": "string", "enum": list(NARROWINGS)}},
            "Only products that are all of these, whether the chosen metric has a figure of them or not.",
        ),
        "sort": order,
        "order": ({"type": "string", "enum": list(ORDERS)}, "Falling or rising."),
        "page": ({**_WHOLE, "default": 1}, "Which page of the rows."),
        "generation": (_WHOLE, "Answer 410 unless this generation is live."),
    }


def _operation(offer: Offer, rule: Rule, *, most_rows: int, default_rows: int) -> dict[str, Any]:
    known = selection_schemas(offer.page.sorts, has_columns="columns" in offer.page.words)
    paging = {**_WHOLE, "maximum": most_rows, "default": default_rows}
    tables = {"type": "string", "enum": list(offer.tables), "default": next(iter(offer.tables))}
    return {
        "operationId": offer.word,
        "summary": f"{offer.page.title}: the rows of its tables",
        "parameters": [
            *_path_parameters(rule),
            *(_parameter(word, *known[word]) for word in offer.taking().words),
            _parameter("per_page", paging, "Rows of one page."),
            _parameter("table", tables, "Which table: " + ", ".join(f"{w} ({t})" for w, t in offer.tables.items())),
        ],
        "responses": _responses({"$ref": "#/components/schemas/Rows"}),
    }


def _plain_operation(name: str, words: str, schema: str = "") -> dict[str, Any]:
    found = {"$ref": f"#/components/schemas/{schema}"} if schema else {"type": "object"}
    return {"operationId": name, "summary": words, "responses": _responses(found)}


def _file_operation() -> dict[str, Any]:
    answered = {"description": "The bytes", "content": {"application/octet-stream": {}}}
    words = "Which kept generation; left out, the live one. 410 if it is not kept any more."
    return {
        "operationId": "generation_file", "summary": "The bytes of a generation's file",
        "parameters": [_parameter("generation", _WHOLE, words)], "responses": _responses({}) | {"200": answered},
    }


def _responses(schema: dict[str, Any]) -> dict[str, Any]:
    problems = {
        status: {"$ref": "#/components/responses/Problem"} for status in ("400", "401", "403", "404", "410", "503")
    }
    return {"200": {"description": "Answered", "content": {"application/json": {"schema": schema}}}, **problems}


def _parameter(name: str, schema: dict[str, Any], words: str) -> dict[str, Any]:
    found = {"name": name, "in": "query", "description": words, "schema": schema}
    # Several values stand in one parameter, with commas between.
    several = {"style": "form", "explode": False}
    if schema["type"] == "array":
        return found | several
    limit = {"maxLength": LONGEST} if schema is _TEXT else {}
    return found | {"schema": schema | limit}


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [
        {
            "name": name, "in": "path", "required": True,
            "schema": {"type": "integer", "minimum": 0} if name.endswith("_id") else _TEXT,
        }
        for name in sorted(rule.arguments)
    ]


def _template(rule: Rule) -> str:
    """`/brands/<int:brand_id>` -> `/brands/{brand_id}`."""
    parts = []
    for part in rule.rule.split("/"):
        name = part.rpartition(":")[2].strip("<>")
        parts.append(f"{{{name}}}" if part.startswith("<") else part)
    return "/".join(parts)


def _rows() -> dict[str, Any]:
    column = {
        "type": "object",
        "required": ["key", "name", "kind"],
        "properties": {"key": _TEXT, "name": _TEXT, "kind": {"type": "string", "enum": list(KINDS)}},
    }
    paging = {
        "type": "object",
        "required": ["page", "pages", "per_page", "rows", "next"],
        "properties": {
            "page": _WHOLE, "pages": _WHOLE, "per_page": _WHOLE, "rows": {"type": "integer", "minimum": 0},
            "next": {"type": ["string", "null"], "description": "Address of the next page, null on the last."},
        },
    }
    unrated = {
        "type": "object", "required": ["currency", "month"], "properties": {"currency": _TEXT, "month": _MONTH},
    }
    properties = {
        "title": _TEXT,
        "table": _TEXT,
        "tables": {"type": "array", "items": _TEXT},
        "selection": {"type": "object"},
        "generation": _WHOLE,
        "published_at": {"type": "string", "format": "date-time"},
        "data_through": _TEXT,
        "currency": _TEXT,
        "converted_from": {
            "type": "array", "items": _TEXT,
            "description": "Currencies that figures were converted from, at monthly rates.",
        },
        "without_rate": {
            "type": "array", "items": unrated, "description": "Months whose amounts in a currency are in no figure.",
        },
        "shared_costs": {
            "type": ["string", "null"], "enum": [*STATES, None],
            "description": "Whether costs of no product are in these figures; null where they are not shared out.",
        },
        "only": {
            "type": "array", "items": {
                "type": "object", "required": ["word", "rule", "obstacle"],
                "properties": {"word": _TEXT, "rule": _TEXT, "obstacle": {"type": ["string", "null"]}},
            },
            "description": "The rule of each word that products are narrowed to, and why it can find none, if so.",
        },
        "columns": {"type": "array", "items": column},
        "rows": {"type": "array", "items": {
            "type": "object", "additionalProperties": {"type": ["string", "null"]},
        }},
        "paging": paging,
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _choices() -> dict[str, Any]:
    def named(key: str, kind: dict[str, Any]) -> dict[str, Any]:
        pair = {"type": "object", "required": [key, "name"], "properties": {key: kind, "name": _TEXT}}
        return {"type": "array", "items": pair}

    properties = {
        "generation": _WHOLE, "first_month": _MONTH, "last_month": _MONTH,
        "metrics": {"type": "array", "items": _TEXT},
        "ratios": {"type": "array", "items": _TEXT},
        "brands": named("id", {"type": "integer", "minimum": 0}),
        "categories": named("id", {"type": "integer", "minimum": 0}),
        "marketplaces": named("code", _TEXT),
        "columns": named("word", _TEXT),
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _generation() -> dict[str, Any]:
    properties = {
        "generation": _WHOLE, "run_id": _TEXT, "published_at": {"type": "string", "format": "date-time"},
        "version": _TEXT, "bytes": _WHOLE, "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _problem() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["title", "status", "detail", "error", "request_id"],
        "properties": {
            "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT,
            "error": {"type": "string", "description": "The same as detail."}, "request_id": _TEXT,
        },
    }
