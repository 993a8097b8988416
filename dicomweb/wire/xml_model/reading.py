"""An XML document of the Native DICOM Model as a data set in the DICOM JSON Model.

A document with a DOCTYPE is refused before anything of it is read: there are no entities and
nothing is fetched. Size and depth are bounded.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from dicomweb.errors import BadRequest, TooLarge
from dicomweb.wire.charset import UTF_8, decode_text
from dicomweb.wire.json_model import MAX_DEPTH, JsonObject, canonical
from dicomweb.wire.value_representations import NAME_GROUPS
from dicomweb.wire.xml_model.writing import NAME_COMPONENTS

MAX_XML_BYTES = 64 * 1024 * 1024
MAX_GAPS = 10_000  # values that are left out by their numbers, in a whole document
_MAX_XML_DEPTH = 2 * MAX_DEPTH + 8

# Which element may stand in which; "" is the document.
_PARENTS = {
    "NativeDicomModel": ("",),
    "DicomAttribute": ("NativeDicomModel", "Item"),
    **dict.fromkeys(
        ("Value", "Item", "PersonName", "BulkData", "InlineBinary"), ("DicomAttribute",)
    ),
    **dict.fromkeys(NAME_GROUPS, ("PersonName",)),
    **dict.fromkeys(NAME_COMPONENTS, NAME_GROUPS),
}
_WITH_TEXT = frozenset({"Value", "InlineBinary", *NAME_COMPONENTS})


def from_xml(body: bytes, charset: str = "") -> JsonObject:
    """The data set of a document, canonical, private blocks allocated anew (PS3.18 F.3.1).

    `charset` is that of the Content-Type, which counts before the document's own declaration.
    BadRequest for what is no Native DICOM Model, TooLarge over 64 MiB, InstanceRefused for values
    that have no meaning.
    """
    if len(body) > MAX_XML_BYTES:
        raise TooLarge(f"The XML is over {MAX_XML_BYTES} bytes: send bulk data as parts.")
    if charset:
        body = decode_text(body, charset).encode()
    reader = _Reader(UTF_8 if charset else None)
    try:
        reader.parse(body)
    except expat.ExpatError as error:
        raise BadRequest(
            f"The XML is not well-formed: line {error.lineno}, column {error.offset}."
        ) from None
    except (ValueError, LookupError):
        raise BadRequest("The encoding of the XML is unknown: UTF-8 is right.") from None
    return canonical(reader.root)


@dataclass(slots=True)
class _Attribute:
    """A DicomAttribute that is being read."""

    tag: str
    vr: str
    creator: str
    values: dict[int, object] = field(default_factory=dict)
    content: JsonObject = field(default_factory=dict)


class _Reader:
    """Builds the data set from what the parser reports."""

    def __init__(self, encoding: str | None) -> None:
        self.root: JsonObject = {}
        self._parser = expat.ParserCreate(encoding, namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._open = [""]
        self._datasets: list[list[_Attribute]] = []
        self._attributes: list[_Attribute] = []
        self._text: list[str] = []
        self._name: JsonObject = {}
        self._components: dict[str, str] = {}
        self._gaps = 0

    def parse(self, body: bytes) -> None:
        self._parser.Parse(body, True)

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = qualified.rpartition(" ")[2]
        if self._open[-1] not in _PARENTS.get(name, ()):
            raise BadRequest("The XML is no Native DICOM Model (PS3.19 A.1).")
        if len(self._open) > _MAX_XML_DEPTH:
            raise BadRequest(f"The XML has sequences nested more than {MAX_DEPTH} levels.")
        self._open.append(name)
        self._text.clear()
        if name in ("NativeDicomModel", "Item"):
            self._datasets.append([])
        if name == "DicomAttribute":
            tag, vr = attributes.get("tag", "").upper(), attributes.get("vr", "")
            creator = attributes.get("privateCreator", "") if _is_private(tag) else ""
            self._attributes.append(_Attribute(tag, vr, creator))
        elif name in ("Value", "Item", "PersonName"):
            self._reserve(attributes.get("number"))
        elif name == "BulkData":
            uuid = attributes.get("uuid")
            uri = attributes.get("uri") or (uuid and f"urn:uuid:{uuid}")
            self._attributes[-1].content["BulkDataURI"] = uri
        if name == "PersonName":
            self._name = {}
        elif name in NAME_GROUPS:
            self._components = {}

    def _end(self, qualified: str) -> None:
        name = self._open.pop()
        text = "".join(self._text)
        self._text.clear()
        if name in _ENDS:
            _ENDS[name](self, text)
        elif name in NAME_COMPONENTS:
            self._components[name] = text
        elif name in NAME_GROUPS:
            parts = (self._components.get(component, "") for component in NAME_COMPONENTS)
            self._name[name] = "^".join(parts).rstrip("^")

    def _characters(self, text: str) -> None:
        if self._open[-1] in _WITH_TEXT:
            self._text.append(text)

    def _reserve(self, number: str | None) -> None:
        """The place of a value, by its number or else the next."""
        values = self._attributes[-1].values
        place = len(values) + 1
        if number is not None:
            if not (number.isascii() and number.isdigit() and 0 < int(number[:9]) < 10**8):
                raise BadRequest("The XML has a value whose number is not 1, 2, 3 and so on.")
            place = int(number[:9])
        if place in values:
            raise BadRequest("The XML has two values of one number.")
        values[place] = None

    def _end_value(self, text: str) -> None:
        self._put(text)

    def _end_name(self, _text: str) -> None:
        self._put(self._name)

    def _end_item(self, _text: str) -> None:
        self._put(_with_private_blocks(self._datasets.pop()))

    def _put(self, value: object) -> None:
        """The value of the place that was reserved last."""
        values = self._attributes[-1].values
        values[next(reversed(values))] = value

    def _end_binary(self, text: str) -> None:
        self._attributes[-1].content["InlineBinary"] = text

    def _end_attribute(self, _text: str) -> None:
        attribute = self._attributes.pop()
        if attribute.values:
            last = max(attribute.values)
            self._gaps += last - len(attribute.values)
            if self._gaps > MAX_GAPS:
                raise TooLarge("The XML leaves out too many values by their numbers.")
            attribute.content["Value"] = [attribute.values.get(n) for n in range(1, last + 1)]
        if attribute.vr:
            attribute.content["vr"] = attribute.vr
        self._datasets[-1].append(attribute)

    def _end_root(self, _text: str) -> None:
        self.root = _with_private_blocks(self._datasets.pop())


_ENDS: dict[str, Callable[[_Reader, str], None]] = {
    "Value": _Reader._end_value,
    "PersonName": _Reader._end_name,
    "InlineBinary": _Reader._end_binary,
    "Item": _Reader._end_item,
    "DicomAttribute": _Reader._end_attribute,
    "NativeDicomModel": _Reader._end_root,
}


def _refuse_doctype(*_: object) -> None:
    raise BadRequest("The XML has a DOCTYPE: none is allowed.")


def _with_private_blocks(attributes: list[_Attribute]) -> JsonObject:
    """The attributes by tag, private ones in blocks that are reserved for their creators."""
    dataset = {each.tag: each.content for each in attributes if not each.creator}
    taken: dict[str, set[str]] = {}
    blocks: dict[tuple[str, str], str] = {}
    for tag, content in dataset.items():  # a writer may send creators, or blocks alone
        if _is_private(tag):
            is_creator = tag[4:6] == "00"
            block = tag[6:] if is_creator else tag[4:6]
            taken.setdefault(tag[:4], set()).add(block)
            if is_creator and content.get("Value"):
                blocks[tag[:4], str(content["Value"][0])] = block
    for each in attributes:
        if each.creator:
            group = each.tag[:4]
            block = blocks.get((group, each.creator), "")
            if not block:
                block = _free_block(taken.setdefault(group, set()))
                blocks[group, each.creator] = block
                dataset[f"{group}00{block}"] = {"vr": "LO", "Value": [each.creator]}
            dataset[group + block + each.tag[6:]] = each.content
    return dataset


def _free_block(taken: set[str]) -> str:
    for number in range(0x10, 0x100):
        block = f"{number:02X}"
        if block not in taken:
            taken.add(block)
            return block
    raise BadRequest("The XML has too many private creators in one group.")


def _is_private(tag: str) -> bool:
    return tag[3:4] in set("13579BDF")
