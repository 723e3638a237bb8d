"""The data nodes of a cluster, as the page of operations shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from database.journal.node_states import RecordedNode
from domain.months import moment_words, month_name
from web.exports.plain_values import moment
from web.figures.formats import Formats
from web.operations.runs import bytes_words


@dataclass(frozen=True)
class NodeView:
    """A node's row; `trouble` says what is wrong with it, '' if nothing is."""

    name: str
    months: str
    facts: str
    size: str
    answered: str
    trouble: str


@dataclass(frozen=True)
class NodesView:
    """Every node, and when a command looked at them last."""

    looked: str
    iso: str
    rows: list[NodeView]


def nodes_view(nodes: Sequence[RecordedNode], formats: Formats) -> NodesView | None:
    """None where there is no cluster, or nobody has looked yet."""
    if not nodes:
        return None
    looked = max(node.looked_at for node in nodes)
    return NodesView(moment_words(looked), moment(looked), [_row(node, formats) for node in nodes])


def _row(node: RecordedNode, formats: Formats) -> NodeView:
    return NodeView(
        node.name, _months(node, formats), "–" if node.rows is None else formats.count(node.rows),
        bytes_words(node.bytes), "–" if node.milliseconds is None else f"{node.milliseconds:.0f} ms", _trouble(node),
    )


def _months(node: RecordedNode, formats: Formats) -> str:
    if node.first_month is None:
        return "none yet"
    return f"{formats.count(node.months)}, {month_name(node.first_month)} to {month_name(node.last_month)}"


def _trouble(node: RecordedNode) -> str:
    if node.trouble:
        return f"does not answer: {node.trouble}"
    if node.lost_tables:
        return f"lacks {node.lost_tables} of its tables: flask doctor says what to do"
    if node.open_transactions:
        return f"{node.open_transactions} transactions wait; the next import or refresh ends them"
    return ""
