"""What must not be seen on a page, as scripts that a page is asked with: each answers a list, empty if all is well."""

from __future__ import annotations

_ASIDE = """const ASIDE = ".head-stays, .visually-hidden, .skip-link, .busy-line";"""

WIDER_THAN_THE_SCREEN = f"() => {{ {_ASIDE}" + """
  const width = document.documentElement.clientWidth;
  const found = [...document.querySelectorAll("body *")].filter((element) => {
    if (element.closest(`.scroll table, .menu, .lists, svg, ${ASIDE}`)) return false;
    const box = element.getBoundingClientRect();
    return box.width > 0 && (box.right > width + 0.5 || box.left < -0.5);
  });
  const page = document.documentElement.scrollWidth > width ? ["the page itself"] : [];
  return page.concat(found.map((element) => `${element.tagName}.${element.className}`));
}"""
"""Tables, the copy of their headings, the menu and the lists of the catalogue may scroll inside their own box."""

SMALL_TARGETS = """() => [...document.querySelectorAll("main .figures :is(a, button, input)")].filter((element) => {
  const box = (element.closest("label") ?? element).getBoundingClientRect();
  return box.width > 0 && box.height < 24;
}).map((element) => `${element.className}: ${element.textContent.trim().slice(0, 40)} ${element.offsetHeight}`)"""
"""What in tables is lower than a finger can hit (WCAG 2.2, 2.5.8)."""

CUT = f"() => {{ {_ASIDE}" + """
  const isShown = (element) => element.getClientRects().length && getComputedStyle(element).visibility !== "hidden";
  const text = (element) => element.textContent.replace(/\\s+/g, " ").trim();
  const isDesk = matchMedia("(min-width: 760px)").matches;
  const heading = [...document.querySelectorAll("h1, .chip-words")].map(text).join(" ");
  const isTold = (element) => {
    if (element.closest(".filters-open-words.is-about") && heading.includes(text(element))) return true;
    if (!isDesk && text(element).length < 80) return false;
    for (let e = element; e && e !== document.body; e = e.parentElement) {
      if (e.title && e.title.replace(/\\s+/g, " ").includes(text(element).slice(0, 250))) return true;
    }
    return [...element.querySelectorAll("[title]")].some((e) => e.title.includes(text(element).slice(0, 250)));
  };
  return [...document.querySelectorAll("body *")].filter((element) => {
    if (element.closest(`svg, script, select, .chart, ${ASIDE}`)) return false;
    if (!text(element) || !isShown(element) || element.querySelector(".scroll")) return false;
    const style = getComputedStyle(element);
    const mayScroll = (way) => ["auto", "scroll"].includes(way);
    const isInline = style.display === "inline" || style.display === "contents";
    const wide = element.scrollWidth > element.clientWidth + 1 && !mayScroll(style.overflowX);
    const high = element.scrollHeight > element.clientHeight + 1 && ["hidden", "clip"].includes(style.overflowY);
    return !isInline && (wide || high) && !isTold(element);
  }).filter((element, _, all) => !all.some((other) => other !== element && element.contains(other)))
    .map((element) => `${element.tagName}.${element.className}: ${text(element).slice(0, 80)}`);
}"""
"""Texts that do not fit into their box, unless a title tells the whole of them. No finger opens a title: on a phone
only what is longer than any ordinary name may be cut, and in the bar that stays what the heading or a chip says in
full. The copy of a table's headings goes on where its table does; test_tables.py holds one against the other."""
