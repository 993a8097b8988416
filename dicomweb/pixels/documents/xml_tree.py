"""Somebody else's XML, read safely: no document type, no entities, nothing fetched, bounded."""

from dataclasses import dataclass, field
from xml.parsers import expat

MAX_BYTES = 16 * 2**20
MAX_NODES = 200_000
MAX_DEPTH = 100


class Refused(Exception):
    """The XML is not read; the sentence says why."""


@dataclass(slots=True)
class Node:
    """An element by its local name: attributes by local name, text and elements in order."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)

    def all(self, *path: str) -> list["Node"]:
        """The elements below, by the names on the way to them."""
        found = [self]
        for name in path:
            found = [
                child
                for node in found
                for child in node.children
                if isinstance(child, Node) and child.name == name
            ]
        return found

    def first(self, *path: str) -> "Node | None":
        found = self.all(*path)
        return found[0] if found else None

    @property
    def text(self) -> str:
        """All text inside, without the spaces of the layout."""
        return " ".join("".join(_texts(self)).split())


def _texts(node: Node) -> list[str]:
    return [
        part
        for child in node.children
        for part in ([child] if isinstance(child, str) else _texts(child))
    ]


class _Builder:
    def __init__(self) -> None:
        self.root = Node("")
        self.open = [self.root]
        self.count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MAX_NODES or len(self.open) > MAX_DEPTH:
            raise Refused("The XML of the document is too large to be shown.")
        local = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        node = Node(name.rpartition(" ")[2], local)
        self.open[-1].children.append(node)
        self.open.append(node)

    def end(self, name: str) -> None:
        self.open.pop()

    def text(self, data: str) -> None:
        self.open[-1].children.append(data)


def read_xml(data: bytes) -> Node:
    """The root element. Refused when it is no XML, has a document type, or is too large."""
    if len(data) > MAX_BYTES:
        raise Refused("The document is too large to be shown.")
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as fault:
        raise Refused("The document is no well-formed XML.") from fault
    found = [child for child in builder.root.children if isinstance(child, Node)]
    if not found:
        raise Refused("The document is empty.")
    return found[0]


def _refuse_doctype(*_: object) -> None:
    raise Refused("The document has a DOCTYPE, which is never read.")
