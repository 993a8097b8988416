"""Keeps the tables of conformance/STATEMENT.md what the code does: `python -m dicomweb.statement`.

The prose stands in the file; whatever lies between `<!-- table: NAME -->` and `<!-- end -->` is
written anew by the function of that name. A test fails when the file and the code differ.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dicomweb import attributes, bundle, errors, extension, intake, unpacking
from dicomweb.app import ROOT, all_routes
from dicomweb.attributes import Attribute, Returned
from dicomweb.errors import InstanceRefused
from dicomweb.part10 import header, syntaxes
from dicomweb.part10 import limits as part10_limits
from dicomweb.pixels.codecs import SYNTAXES
from dicomweb.pixels.targets import TARGETS
from dicomweb.query import parameters, rules
from dicomweb.query.words import MAX_RESULTS
from dicomweb.resources import Level
from dicomweb.services import rendered
from dicomweb.settings import Settings
from dicomweb.surface import Entry, Operation, Parameter, entries
from dicomweb.wire import byte_ranges, json_model, media_types
from dicomweb.wire.multipart import reading
from dicomweb.wire.xml_model import reading as xml_reading

FILE = Path(__file__).parent.parent / "conformance" / "STATEMENT.md"
_TABLE = re.compile(r"(<!-- table: ([a-z_]+) -->\n).*?(<!-- end -->)", re.DOTALL)

_MEANINGS = {
    "PROCESSING_FAILURE": "the index or the storage failed; sending it again may succeed",
    "DUPLICATE": "another data set is stored under this SOP Instance UID, and was kept",
    "SOP_CLASS_NOT_SUPPORTED": "a DICOMDIR, or an instance that belongs to no study",
    "NO_RESOURCES": "the storage has no room, or the data set inflates or nests beyond the limits",
    "DATASET_DOES_NOT_MATCH": "a UID is missing or unreadable, the data set and its pixels "
    "contradict each other, or the pixels are not described",
    "CANNOT_UNDERSTAND": "no DICOM, damaged, metadata without UIDs, a value that does not fit its "
    "VR, a BulkDataURI without its part",
    "STUDY_DIFFERS": "its Study Instance UID is not that of the path",
    "TRANSFER_SYNTAX_NOT_SUPPORTED": "pixels of a media type or transfer syntax that cannot be "
    "stored from metadata and bulk data",
}
_WARNINGS = {
    "DISCARDED": "elements stand there twice: the last of each counts in searches and metadata",
    "DOES_NOT_MATCH": "stored as it is although it breaks a rule: a value against its VR, "
    "no preamble, pixel data cut short",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell or ' ' for cell in line)} |\n" for line in lines)


def _entries() -> list[Entry]:
    extensions = extension.load(Settings.model_fields["extensions"].default)
    return entries(all_routes(extensions), ROOT)


def _operations() -> list[Operation]:
    """Each transaction once, in the order of their first paths."""
    found: dict[str, Operation] = {}
    for entry in _entries():
        found.setdefault(entry.operation.name, entry.operation)
    return sorted(found.values(), key=lambda each: (each.extension, each.clause, each.name))


def _code(words: Iterable[str], between: str = ", ") -> str:
    return between.join(f"`{word}`" for word in words)


def surface() -> str:
    rows = [
        (each.method, f"`{each.path or '/'}`", each.operation.name, each.operation.clause)
        for each in _entries()
    ]
    return table(("Method", "Path below the service root", "Transaction", "Clause"), rows)


def given() -> str:
    rows = [(each.name, _code(each.gives, "<br>")) for each in _operations() if each.gives]
    return table(("Transaction", "Media types of the answer, the default first"), rows)


def taken() -> str:
    rows = [(each.name, _code(each.takes, "<br>")) for each in _operations() if each.takes]
    return table(("Transaction", "Media types of the request"), rows)


def statuses() -> str:
    rows = [(each.name, ", ".join(map(str, each.statuses))) for each in _operations()]
    return table(("Transaction", "Status codes"), rows)


def _parameters(name: str) -> str:
    (told,) = (each.parameters for each in _operations() if each.name == name)
    return table(("Parameter", "Meaning"), [(f"`{each.name}`", _meaning(each)) for each in told])


def _meaning(parameter: Parameter) -> str:
    return ": ".join(filter(None, (parameter.meaning, _code(parameter.options))))


def search_parameters() -> str:
    return _parameters("SearchForStudies")


def rendered_parameters() -> str:
    return _parameters("RetrieveRendered")


def keys() -> str:
    """Every search attribute, by level; items of Request Attributes Sequence behind it."""
    rows = []
    for level in Level:
        for each in attributes.TABLES[level]:
            rows.append(_key(level, each))
            if each.keyword == "RequestAttributesSequence":
                for tag in (attributes.STEP_ID, attributes.PROCEDURE_ID):
                    item = attributes.by_tag(tag)
                    assert item is not None
                    rows.append(_key(level, item, "> "))
    return table(("Level", "Attribute", "Tag", "VR", "Required key", "Returned"), rows)


def _key(level: Level, each: Attribute, before: str = "") -> tuple[str, ...]:
    tag = f"({each.tag[:4]},{each.tag[4:]})"
    required = "yes" if each.required else ""
    returned = each.returned if not before else Returned.ALWAYS
    return str(level), before + each.keyword, tag, each.vr, required, str(returned)


def transfer_syntaxes() -> str:
    from pydicom.uid import UID

    rows = []
    for uid in sorted(syntaxes.KNOWN, key=lambda uid: [int(part) for part in uid.split(".")]):
        made = TARGETS.get(uid)
        rows.append(
            (
                f"`{uid}`",
                UID(uid).name if UID(uid).name != uid else "",
                "yes" if uid in SYNTAXES else "",
                "" if made is None else "with loss" if made.lossy else "yes",
                "never" if uid in media_types.NEVER_SENT else "yes",
                media_types.spelling(media_types.media_type_of(uid)),
            )
        )
    head = ("Transfer syntax", "Name", "Decoded", "Made by us", "Given as stored", "Media type")
    return table(head, rows)


def failure_reasons() -> str:
    rows = [
        (f"{value:04X}H", str(value), name.replace("_", " ").lower(), _MEANINGS[name])
        for name, value in vars(InstanceRefused).items()
        if name.isupper()
    ]
    return table(("Failure Reason", "Decimal", "Name", "When"), sorted(rows))


def warning_reasons() -> str:
    rows = [
        (f"{getattr(header, name):04X}H", str(getattr(header, name)), meaning)
        for name, meaning in _WARNINGS.items()
        if hasattr(header, name)
    ]
    return table(("Warning Reason", "Decimal", "When"), rows)


def refusals() -> str:
    """From the tree in the docstring of errors.py."""
    found = re.findall(r"^[├└]── (\w+) +(\d{3}) +(.+)$", errors.__doc__ or "", re.MULTILINE)
    return table(("Status", "type", "When"), [(code, name, what) for name, code, what in found])


def limits() -> str:
    mb = 1024 * 1024
    rows = [
        ("parts of a multipart", f"{reading.MAX_PARTS:,}", "413"),
        ("headers of a part", f"{reading.MAX_HEADER_BYTES:,} bytes", "413"),
        ("a JSON metadata part", f"{json_model.MAX_JSON_BYTES // mb} MB", "413"),
        ("an XML metadata part", f"{xml_reading.MAX_XML_BYTES // mb} MB", "413"),
        ("values of a metadata part", f"{bundle.MAX_VALUES:,}", "413"),
        ("levels of sequences in metadata", str(json_model.MAX_DEPTH), "refused instance"),
        ("levels of sequences in a file", str(part10_limits.MAX_DEPTH), "refused instance"),
        (
            "a data set without its bulk data",
            f"{part10_limits.MAX_HEADER // mb} MB",
            "refused instance",
        ),
        (
            "a deflated data set, inflated",
            f"{part10_limits.MAX_INFLATED // mb} MB, or {part10_limits.MAX_RATIO} times",
            "refused instance",
        ),
        ("growth of a gzip or ZIP over 1 GB", f"{unpacking.FACTOR} times", "413"),
        ("list of files of a ZIP", f"{unpacking.MAX_DIRECTORY // mb} MB", "413"),
        ("pictures of one answer", f"{rendered.MAX_PICTURES:,}", "413"),
        ("their bytes", f"{rendered.MAX_PICTURES_BYTES // mb} MB", "413"),
        ("ranges of a Range header", str(byte_ranges.MAX_RANGES), "the whole is sent"),
        ("query of a URL", f"{parameters.MAX_QUERY_BYTES:,} bytes", "400"),
        ("match keys of a search", str(parameters.MAX_KEYS), "400"),
        ("asterisks of a match key", str(rules.MAX_STARS), "400"),
        ("UIDs of a match key", f"{rules.MAX_UIDS:,}", "400"),
        ("results of a search", f"{MAX_RESULTS:,}", "a page, with its Warning"),
        ("instances put together at once, a request", str(intake.IN_FLIGHT), "they wait"),
    ]
    return table(("What", "Limit", "Beyond it"), rows)


TABLES: dict[str, Callable[[], str]] = {
    each.__name__: each
    for each in (
        *(surface, given, taken, statuses, search_parameters, rendered_parameters, keys),
        *(transfer_syntaxes, failure_reasons, warning_reasons, refusals, limits),
    )
}


def filled(text: str) -> str:
    """The statement with its tables as the code has them now. KeyError for an unknown table."""
    return _TABLE.sub(lambda found: found[1] + TABLES[found[2]]() + found[3], text)


def main(arguments: list[str]) -> int:
    """Write the tables into the file; `--check` only says whether that would change it."""
    text = FILE.read_text("utf-8")
    wanted = filled(text)
    if "--check" in arguments:
        return int(text != wanted)
    FILE.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
