"""A parsed HTML page with queries that read well in tests."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

# Elements that have no end tag.
VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element | str"] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    @property
    def text(self) -> str:
        """Its words, with runs of white space made one space."""
        return " ".join("".join(self._words()).split())

    def _words(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                yield from child._words()
                if child.tag not in ("a", "b", "bdi", "em", "small", "span", "strong"):
                    yield " "

    def all(self, *tags: str, **attributes: str) -> list["Element"]:
        """Every element within of one of the tags (any, when none is named) with these attributes."""
        wanted = [(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items()]
        return [
            element
            for element in self._descendants()
            if (not tags or element.tag in tags) and all(element.get(name) == value for name, value in wanted)
        ]

    def by_class(self, name: str) -> list["Element"]:
        return [element for element in self._descendants() if name in element.get("class").split()]

    def one(self, *tags: str, **attributes: str) -> "Element":
        found = self.all(*tags, **attributes)
        assert len(found) == 1, f"{len(found)} of {tags} {attributes}"
        return found[0]

    def hidden_fields(self) -> dict[str, str]:
        """Name and value of each hidden field within."""
        return {field["name"]: field.get("value") for field in self.all("input", type="hidden")}

    def _descendants(self) -> Iterator["Element"]:
        waiting = self.children[::-1]
        while waiting:
            if isinstance(child := waiting.pop(), Element):
                yield child
                waiting += child.children[::-1]


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.at = Element("#document", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(element)
        if tag not in VOID:
            self.at = element

    def handle_endtag(self, tag: str) -> None:
        element: Element | None = self.at
        while element is not None and element.tag != tag:
            element = element.parent
        if element is not None and element.parent is not None:
            self.at = element.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


class Page(Element):
    """A whole document."""

    def __init__(self, source: str) -> None:
        builder = _Builder()
        builder.feed(source)
        builder.close()
        super().__init__("#document", {}, None, builder.root.children)
        self.source = source

    @property
    def title(self) -> str:
        return self.one("head").one("title").text

    @property
    def main(self) -> Element:
        return self.one("main")

    @property
    def ids(self) -> list[str]:
        return [element["id"] for element in self.all() if element.get("id")]

    def meta(self, name: str) -> list[str]:
        """The contents of the ``meta`` elements of this name or property."""
        named = [*self.all("meta", name=name), *self.all("meta", property=name)]
        return [element.get("content") for element in named]

    @property
    def headings(self) -> list[tuple[int, str]]:
        return [(HEADINGS.index(element.tag) + 1, element.text) for element in self.all(*HEADINGS)]

    def heading_texts(self) -> list[str]:
        return [text for _level, text in self.headings]

    @property
    def structured_data(self) -> list[dict[str, Any]]:
        """The nodes of its JSON-LD."""
        nodes: list[dict[str, Any]] = []
        for script in self.all("script", type="application/ld+json"):
            data = json.loads("".join(str(child) for child in script.children))
            assert data["@context"] == "https://schema.org"
            nodes += data["@graph"]
        return nodes

    def node(self, kind: str) -> dict[str, Any]:
        (found,) = (node for node in self.structured_data if node["@type"] == kind)
        return found


def read(response: Any) -> Page:
    """The page of a response of the test client, parsed once however often it is asked for."""
    if not hasattr(response, "as_read"):
        response.as_read = Page(response.content.decode(response.charset))
    page: Page = response.as_read
    return page


def in_order(texts: list[str], wanted: list[str]) -> bool:
    """Return whether the wanted texts appear in this order."""
    remaining = iter(texts)
    return all(text in remaining for text in wanted)


def unescaped(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", text))
