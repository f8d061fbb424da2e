"""From a matplotlib figure to inline SVG that a page can style, a printer can colour and a screen reader can read.

Matplotlib writes colours into style attributes, an id on every group and fonts on every text. Here each colour
becomes a class (which follows the page's theme) beside a literal attribute (for PDF engines, which render CSS variables
in inline SVG black); ids that nothing refers to go, the others are prefixed with the figure's; numbers keep two
decimals.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure as Canvas

from bizops.theme import CHART_TOKENS, FONTS, LIGHT

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_TOKEN_OF = {LIGHT[name].lower(): name for name in CHART_TOKENS}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_NUMBER = re.compile(r"-?\d+\.\d+")
_GAPS = re.compile(r"\s*([MLHVCQZz,])\s*")
_CIRCLE = re.compile(r"^M0 ([\d.]+)(?:C[^MLZC]+){8}z?$")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_DROPPED = {"stroke-linejoin": "miter", "stroke-linecap": "butt", "stroke-miterlimit": "100000"}


def placeholder(index: int) -> str:
    """Return what stands for the text ``index`` until it is put in: matplotlib never sees the words themselves.

    So ``$`` is never mathematics, no glyph is missing from a font of this machine, and no label can break the XML.
    """
    return f"T{index}T"


def finish(canvas: Canvas, texts: Sequence[str], name: str, css: str, alt: str, description: str, size: float) -> str:
    """Return the figure as one ``<svg>`` element.

    ``name`` prefixes every id, ``css`` is its class ("wide" or "narrow"), ``alt`` becomes ``<title>`` (which PDF
    engines use as alternative text), ``description`` becomes ``<desc>``, ``size`` is the base font size in pixels.
    """
    buffer = io.BytesIO()
    canvas.savefig(buffer, format="svg", metadata=_NO_METADATA)
    drawn = ET.fromstring(buffer.getvalue())
    words = {placeholder(i): text for i, text in enumerate(texts)}
    width, height = (round(float(x)) for x in drawn.attrib["viewBox"].split()[2:])
    root = ET.Element(
        "svg",
        {
            "class": f"chart {css}", "viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height),
            "font-family": FONTS, "font-size": _short(size), "role": "img", "aria-labelledby": f"{name}-t {name}-d",
        },
    )  # fmt: skip
    ET.SubElement(root, "title", {"id": f"{name}-t"}).text = alt
    ET.SubElement(root, "desc", {"id": f"{name}-d"}).text = description
    paper = _Paper(drawn, words, name, size)
    for child in drawn:
        root.extend(paper.slim(child))
    return ET.tostring(root, encoding="unicode").replace(" />", "/>")


class _Paper:
    """What the parts of one drawing need to know of the whole: its words, its ids, its base font size."""

    def __init__(self, drawn: ET.Element, words: Mapping[str, str], name: str, size: float) -> None:
        self.words, self.name, self.size = words, name, size
        self.by_id = {e.attrib["id"]: e for e in drawn.iter() if "id" in e.attrib}
        self.shapes: dict[str, dict[str, str]] = {}
        values = (value for e in drawn.iter() for value in e.attrib.values())
        self.used = {found for value in values for found in _REFERENCE.findall(value)}

    def slim(self, element: ET.Element) -> list[ET.Element]:
        """Return the element in its short form: none for metadata and styles, its children for a bare group."""
        tag = element.tag.removeprefix(_SVG)
        if tag in ("metadata", "style"):
            return []
        if tag == "use":
            return [self._mark(element)]
        children = [short for child in element for short in self.slim(child)]
        if tag == "defs":
            children = [c for c in children if c.tag != "path"]
        attributes = self._attributes(element)
        if tag == "image":
            attributes["href"] = element.attrib[_XLINK]
        if (tag == "g" and not attributes) or (tag == "defs" and not children):
            return children
        if tag == "path" and not attributes.get("d"):
            return []
        short = ET.Element(tag, attributes)
        short.extend(children)
        if tag == "text":
            text = element.text or ""
            short.text = self.words.get(text, text)
            if element.get("transform", "").startswith(("rotate(-0 ", "rotate(0 ")):
                short.attrib.pop("transform")
        return [short]

    def _mark(self, use: ET.Element) -> ET.Element:
        """Return a marker in place: a page's theme does not reach into what ``<use>`` shows."""
        name = use.attrib[_XLINK][1:]
        if name not in self.shapes:
            self.shapes[name] = self._attributes(self.by_id[name])
        shape = self.shapes[name]
        own = self._attributes(use)
        x, y = own.pop("x"), own.pop("y")
        classes = " ".join(dict.fromkeys(f"{shape.get('class', '')} {own.get('class', '')}".split()))
        merged = ({"class": classes} if classes else {}) | {
            k: v for k, v in (shape | own).items() if k not in ("class", "id", "href", "d")
        }
        round_one = _CIRCLE.match(shape["d"])
        if round_one:
            return ET.Element("circle", {**merged, "cx": x, "cy": y, "r": round_one[1]})
        return ET.Element("path", {**merged, "d": shape["d"], "transform": f"translate({x} {y})"})

    def _attributes(self, element: ET.Element) -> dict[str, str]:
        kept: dict[str, str] = {}
        classes: list[str] = []
        for key, value in element.attrib.items():
            if key == "style":
                self._unstyle(value, kept, classes)
            elif key == "id":
                if value in self.used:
                    kept["id"] = f"{self.name}-{value}"
            elif key == "d":
                kept["d"] = _GAPS.sub(r"\1", _rounded(value)).strip()
            elif key != _XLINK:
                kept[key] = _rounded(value.replace("url(#", f"url(#{self.name}-"))
        return ({"class": " ".join(dict.fromkeys(classes))} if classes else {}) | kept

    def _unstyle(self, style: str, kept: dict[str, str], classes: list[str]) -> None:
        for declaration in filter(None, (d.strip() for d in style.split(";"))):
            key, _, value = (part.strip() for part in declaration.partition(":"))
            if key in ("fill", "stroke") and value.lower() in _TOKEN_OF:
                token = _TOKEN_OF[value.lower()]
                classes.append(f"{key[0]}-{token}")
                kept[key] = LIGHT[token]
            elif key == "font-size":
                if float(value.removesuffix("px")) != self.size:
                    kept[key] = _short(float(value.removesuffix("px")))
            elif key == "font-weight":
                kept[key] = "600"
            elif key != "font-family" and _DROPPED.get(key) != value:
                kept[key] = _rounded(value)


def _rounded(text: str) -> str:
    return _NUMBER.sub(lambda m: _short(float(m.group())), text)


def _short(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
