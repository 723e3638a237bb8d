"""What a soak found, as a page with a chart: docs/soak-<engine>.md and .svg."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from charts.scales import round_ticks
from settings import ROOT

if TYPE_CHECKING:
    from tests.soak import Soaked

SETTLING = 10
"""Minutes after which nothing may grow any more."""


@dataclass(frozen=True)
class Curve:
    """One thing that is looked at: its name and unit, and how much more of it at the end is still called flat: a part
    of what there was, and so much in any case."""

    name: str
    what: str
    part: float
    more: float


CURVES = (
    Curve("memory", "memory of master and workers, MiB", 0.10, 15),
    Curve("threads", "threads", 0.10, 4),
    Curve("files", "open files", 0.10, 10),
    Curve("temporary", "temporary files", 0.0, 3),
    Curve("stored", "instance folder without kept answers, facts and generations, MiB", 0.25, 4),
    Curve("instance", "instance folder without kept answers, MiB", 0.25, 20),
)


def write_report(soaked: Soaked, *, machine: str) -> bool:
    """Writes page and chart; whether no answer failed and nothing grew after it had settled."""
    settled = settled_after(soaked)
    grew = [curve.name for curve in CURVES if has_grown(soaked, curve, settled)]
    name = f"soak-{soaked.engine}"
    (ROOT / "docs" / f"{name}.svg").write_text(chart(soaked, settled), encoding="utf-8")
    took = sorted(soaked.took) or [0.0]
    lines = [
        f"# The last soak: {soaked.engine}", "",
        "Written by `tests/soak.sh`; what it is for is in [RELIABILITY.md](RELIABILITY.md).", "",
        f"- {machine}; {soaked.minutes:g} minutes",
        f"- {len(soaked.took):,} answers: " + ", ".join(f"{n:,} of {s}" for s, n in sorted(soaked.statuses.items())),
        f"- p50 {at(took, 0.5)} ms, p95 {at(took, 0.95)} ms, p99 {at(took, 0.99)} ms, highest {took[-1] * 1000:.0f} ms "
        "as readers on the same machine saw it",
        "- " + ", ".join(f"{count} × `flask {work}`" for work, count in sorted(soaked.works.items())),
        f"- {'No 5xx, no failed command' if not soaked.failed else f'{len(soaked.failed)} failures'}; "
        + (f"grew after {settled / 60:.0f} minutes: {', '.join(grew)}" if grew
           else f"nothing grew after {settled / 60:.0f} minutes"), "",
        "| | at the start | once settled | at the end | highest | |", "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for curve in CURVES:
        values = [getattr(sample, curve.name) for sample in soaked.samples]
        first, last = settled_and_last(soaked, curve, settled)
        lines.append(
            f"| {curve.what} | {values[0]:,.0f} | {first:,.0f} | {last:,.0f} | {max(values):,.0f} | "
            f"{'grew' if curve.name in grew else 'flat'} |"
        )
    lines += ["", f"![What the app held, minute by minute]({name}.svg)"]
    lines += ["", "## What failed", "", *(f"- `{text}`" for text in soaked.failed[:30])] if soaked.failed else []
    (ROOT / "docs" / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return not (grew or soaked.failed)


def at(took: list[float], part: float) -> str:
    """That part of the answers took no longer, in milliseconds."""
    return f"{took[min(len(took) - 1, int(len(took) * part))] * 1000:.0f}"


def settled_after(soaked: Soaked) -> float:
    """Seconds."""
    return min(SETTLING, soaked.minutes / 3) * 60


def settled_and_last(soaked: Soaked, curve: Curve, settled: float) -> tuple[float, float]:
    """Medians of the first and of the last third of what came after it had settled."""
    later = [getattr(sample, curve.name) for sample in soaked.samples if sample.at >= settled]
    third = max(1, len(later) // 3)
    return statistics.median(later[:third]), statistics.median(later[-third:])


def has_grown(soaked: Soaked, curve: Curve, settled: float) -> bool:
    first, last = settled_and_last(soaked, curve, settled)
    return last - first > max(curve.more, first * curve.part)


# --- the chart

WIDTH, HEIGHT, GAP, LEFT = 860, 90, 44, 60


def chart(soaked: Soaked, settled: float) -> str:
    """A curve below the other, all over the same minutes; the time to settle is shaded."""
    whole = len(CURVES) * (HEIGHT + GAP) + 20
    end = max(soaked.samples[-1].at, 1.0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {whole}" font-family="sans-serif" '
        'font-size="12">',
        f"<title>What the app held, {soaked.engine}</title>",
        f'<rect width="{LEFT + WIDTH + 20}" height="{whole}" fill="#ffffff"/>',
    ]
    for number, curve in enumerate(CURVES):
        top = 28 + number * (HEIGHT + GAP)
        values = [getattr(sample, curve.name) for sample in soaked.samples]
        highest = float(round_ticks([Decimal(max(*values, 1))])[-1])
        points = " ".join(
            f"{LEFT + sample.at / end * WIDTH:.1f},{top + HEIGHT - value / highest * HEIGHT:.1f}"
            for sample, value in zip(soaked.samples, values, strict=True)
        )
        parts += [
            f'<rect x="{LEFT}" y="{top}" width="{settled / end * WIDTH:.1f}" height="{HEIGHT}" fill="#eef1f4"/>',
            f'<text x="{LEFT}" y="{top - 8}" fill="#1f2933">{curve.what}</text>',
            f'<text x="{LEFT - 6}" y="{top + 10}" text-anchor="end" fill="#52606d">{highest:,.0f}</text>',
            f'<text x="{LEFT - 6}" y="{top + HEIGHT}" text-anchor="end" fill="#52606d">0</text>',
            f'<path d="M{LEFT} {top + HEIGHT}h{WIDTH}" stroke="#9aa5b1" fill="none"/>',
            f'<polyline points="{points}" fill="none" stroke="#1f5fbf" stroke-width="1.5"/>',
        ]
    right = LEFT + WIDTH
    parts.append(f'<text x="{right}" y="{whole - 4}" text-anchor="end" fill="#52606d">{end / 60:.0f} minutes</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
