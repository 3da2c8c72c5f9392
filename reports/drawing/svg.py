"""Figures as small SVG elements of one page: what matplotlib writes, less what a page does not need.

matplotlib repeats the style of every mark, nests groups that say nothing and writes pictures as RGBA. Here styles
become classes that all figures of a page share, empty groups go, numbers are rounded to a tenth of a pixel, and
pictures are stored again in the smallest form that looks the same.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from io import BytesIO
from xml.etree import ElementTree

TIP = "tip:"  # how the identifier of an artist begins that carries words for its reader
LOSSLESS = 600  # bytes up to which a picture is stored without loss


@dataclass
class Shared:
    """What the figures of one page share: the class of each style, and how many identifiers are taken.

    Each page makes its own while it is being written, so that the same run gives the same names.
    """

    classes: dict[str, str] = field(default_factory=dict)
    taken: int = 0

    def name(self, style: str) -> str:
        """The class that stands for a style."""
        return self.classes.setdefault(style, f"s{len(self.classes)}")

    def identifier(self) -> str:
        """An identifier nothing else on the page has."""
        self.taken += 1
        return f"i{self.taken}"

    def css(self) -> str:
        """The style sheet of the classes given out."""
        return "\n".join(f"svg .{name}{{{style}}}" for style, name in self.classes.items())


def slim(text: str, shared: Shared | None, colours: dict[str, str]) -> str:
    """What stands inside the ``<svg>`` element of a figure, slimmed.

    Parameters
    ----------
    text : the file as matplotlib writes it.
    shared : styles become classes noted here; None keeps them with each mark.
    colours : colour -> the style sheet variable that replaces it.
    """
    text = text[text.index("<svg") :].replace("xlink:href", "href")
    root = ElementTree.fromstring(re.sub(r'<svg[^>]*viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', text, count=1))
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))
    names = {old: shared.identifier() if shared else old for old in sorted(used)}
    _clean(root, names, shared, colours)
    body = ElementTree.tostring(root, encoding="unicode")
    return body[body.index(">") + 1 : body.rindex("</svg>")].replace(" />", "/>")


def _clean(parent: ElementTree.Element, names: dict[str, str], shared: Shared | None, colours: dict[str, str]) -> None:
    kept: list[ElementTree.Element] = []
    for element in parent:
        if element.tag in ("metadata", "style"):
            continue
        identity = element.attrib.pop("id", "")
        if element.get("style") == "fill: none":  # the invisible ground of figure and axes
            continue
        for key, value in list(element.attrib.items()):
            element.set(key, _attribute(key, value, names, colours))
        if not element.get("transform", "-"):
            del element.attrib["transform"]
        if shared and "style" in element.attrib and (style := element.attrib.pop("style")):
            element.set("class", shared.name(style))
        _clean(element, names, shared, colours)
        if element.tag != "text":
            element.text = None
        element.tail = None
        if identity in names:
            element.set("id", names[identity])
        elif identity.startswith(TIP) and len(element):
            title = ElementTree.Element("title")
            title.text = identity.removeprefix(TIP)
            element.set("class", "tip")
            element.insert(0, title)
        if element.tag in ("g", "defs") and not len(element):
            continue
        kept += list(element) if element.tag == "g" and not element.attrib else [element]
    parent[:] = kept


def _attribute(key: str, value: str, names: dict[str, str], colours: dict[str, str]) -> str:
    if key == "href" and value.startswith("data:"):
        return _picture(value)
    if key in ("href", "clip-path"):
        return re.sub(r"#([^)]+)", lambda m: "#" + names[m[1]], value)
    if key == "style":
        # The page's own font: size and weight stay.
        value = re.sub(
            r"font: (?:(bold|\d+) )?([\d.]+)px [^;]*",
            lambda m: f"font-size: {m[2]}px" + (f"; font-weight: {m[1]}" if m[1] else ""),
            value,
        )
        value = re.sub(r"font-family: [^;]*(; |$)", "", value)
        for colour, variable in colours.items():
            value = value.replace(colour, f"var(--{variable})")
        return value.replace(": ", ":").replace("; ", ";")
    if key == "transform":
        value = re.sub(r"rotate\(-?0 [^)]*\)", "", value).strip()
        return re.sub(r"(\.\d{3})\d+", r"\1", value)
    if key in ("d", "x", "y", "width", "height"):
        value = re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), value)
        if key == "d":
            value = re.sub(r"\s*([MLCQZz])\s*", r"\1", value.strip())
    return value


def _picture(link: str) -> str:
    """A picture in the smallest of the forms that look the same: lossless where it is tiny, WebP or PNG."""
    from PIL import Image, features

    picture: Image.Image = Image.open(BytesIO(base64.b64decode(link.partition(",")[2])), formats=["PNG"])
    bands = picture.convert("RGBA").split()
    if bands[3].getextrema() == (255, 255):
        grey = bands[0].tobytes() == bands[1].tobytes() == bands[2].tobytes()
        picture = bands[0] if grey else picture.convert("RGB")
    kind, out = "png", BytesIO()
    picture.save(out, "png", optimize=True)
    if len(out.getvalue()) > LOSSLESS and picture.mode != "RGBA" and features.check("webp"):
        lossy = BytesIO()
        picture.convert("RGB").save(lossy, "webp", quality=80, method=4)
        if len(lossy.getvalue()) < len(out.getvalue()):
            kind, out = "webp", lossy
    return f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode()}"
