"""The Native DICOM Model (PS3.19 A.1), written from DICOM JSON and read back strictly."""

from xml.etree import ElementTree

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
NAME_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_Q = f"{{{NAMESPACE}}}"


def write(dataset: dict) -> bytes:
    """One data set of DICOM JSON as one XML document."""
    ElementTree.register_namespace("", NAMESPACE)
    root = ElementTree.Element(f"{_Q}NativeDicomModel")
    _fill(root, dataset)
    return ElementTree.tostring(root, "utf-8", xml_declaration=True)


def _fill(parent: ElementTree.Element, dataset: dict) -> None:
    for tag, attribute in dataset.items():
        element = ElementTree.SubElement(
            parent, f"{_Q}DicomAttribute", tag=tag, vr=attribute["vr"]
        )
        if "BulkDataURI" in attribute:
            ElementTree.SubElement(element, f"{_Q}BulkData", uri=attribute["BulkDataURI"])
        elif "InlineBinary" in attribute:
            ElementTree.SubElement(element, f"{_Q}InlineBinary").text = attribute["InlineBinary"]
        for number, value in enumerate(attribute.get("Value", []), 1):
            _value(element, attribute["vr"], number, value)


def _value(element: ElementTree.Element, vr: str, number: int, value: object) -> None:
    if vr == "SQ":
        _fill(ElementTree.SubElement(element, f"{_Q}Item", number=str(number)), value)
    elif vr == "PN":
        name = ElementTree.SubElement(element, f"{_Q}PersonName", number=str(number))
        for group, text in value.items():
            inner = ElementTree.SubElement(name, _Q + group)
            for part, word in zip(NAME_PARTS, text.split("^"), strict=False):
                if word:
                    ElementTree.SubElement(inner, _Q + part).text = word
    else:
        child = ElementTree.SubElement(element, f"{_Q}Value", number=str(number))
        child.text = None if value is None else str(value)


def read(document: bytes) -> dict[str, dict]:
    """Tag -> {vr, keyword, creator, values, uri, inline}; AssertionError where the model is broken."""
    root = ElementTree.fromstring(document)
    assert root.tag == f"{_Q}NativeDicomModel", f"the root is {root.tag}"
    return _attributes(root)


def _attributes(parent: ElementTree.Element) -> dict[str, dict]:
    found = {}
    for element in parent:
        assert element.tag == f"{_Q}DicomAttribute", f"{element.tag} is no DicomAttribute"
        tag = element.get("tag", "")
        assert len(tag) == 8, f"a tag is 8 hex digits, not {tag!r}"
        assert tag == tag.upper(), f"tag {tag} is not upper-case"
        found[tag] = _attribute(element)
    return found


def _attribute(element: ElementTree.Element) -> dict:
    children = list(element)
    numbers = [child.get("number") for child in children if child.get("number")]
    assert numbers == [str(n) for n in range(1, len(numbers) + 1)], f"numbers {numbers}"
    bulk = element.find(f"{_Q}BulkData")
    inline = element.find(f"{_Q}InlineBinary")
    return {
        "vr": element.get("vr"),
        "keyword": element.get("keyword"),
        "creator": element.get("privateCreator"),
        "values": [_read_value(child) for child in children if child.get("number")],
        "uri": None if bulk is None else bulk.get("uri"),
        "inline": None if inline is None else "".join((inline.text or "").split()),
    }


def _read_value(child: ElementTree.Element) -> object:
    kind = child.tag.removeprefix(_Q)
    if kind == "Item":
        return _attributes(child)
    if kind == "PersonName":
        return {group.tag.removeprefix(_Q): _name(group) for group in child}
    assert kind == "Value", f"{kind} is not in the model"
    return child.text


def _name(group: ElementTree.Element) -> str:
    words = [group.findtext(_Q + part, "") for part in NAME_PARTS]
    return "^".join(words).rstrip("^")
