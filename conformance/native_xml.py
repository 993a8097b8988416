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
        element = ElementTree.SubElement(parent, f"{_Q}DicomAttribute", tag=tag, vr=attribute["vr"])
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
    """Tag -> {vr, keyword, creator, kinds, numbers, values, uri, inline}, with items read alike."""
    root = ElementTree.fromstring(document)
    assert root.tag == f"{_Q}NativeDicomModel", f"the root is {root.tag}"
    return _attributes(root)


def _attributes(parent: ElementTree.Element) -> dict[str, dict]:
    return {element.get("tag", ""): _attribute(element) for element in parent}


def _attribute(element: ElementTree.Element) -> dict:
    assert element.tag == f"{_Q}DicomAttribute", f"{element.tag} is no DicomAttribute"
    bulk, inline = element.find(f"{_Q}BulkData"), element.find(f"{_Q}InlineBinary")
    kind = {"SQ": "Item", "PN": "PersonName"}.get(element.get("vr", ""), "Value")
    children = element.findall(_Q + kind)
    return {
        "vr": element.get("vr"),
        "keyword": element.get("keyword"),
        "creator": element.get("privateCreator"),
        "kinds": {child.tag.removeprefix(_Q) for child in element},
        "numbers": [child.get("number") for child in children],
        "values": [_read_value(kind, child) for child in children],
        "uri": None if bulk is None else bulk.get("uri"),
        "inline": None if inline is None else "".join((inline.text or "").split()),
    }


def _read_value(kind: str, child: ElementTree.Element) -> object:
    if kind == "Item":
        return _attributes(child)
    if kind == "PersonName":
        return {group.tag.removeprefix(_Q): _name(group) for group in child}
    return child.text


def _name(group: ElementTree.Element) -> str:
    words = [group.findtext(_Q + part) or "" for part in NAME_PARTS]
    return "^".join(words).rstrip("^")
