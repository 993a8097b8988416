"""What the tests of documents share: files as the archive gives them, pages read back."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pydicom
import samples
from pydicom.dataset import Dataset

from dicomweb import part10
from dicomweb.part10.bulk import read_bulk, read_frame
from dicomweb.pixels.documents.kinds import Kind, kind_of
from dicomweb.pixels.documents.rendering import Instance, Others
from dicomweb.pixels.source import Source

VOID = ("meta", "br", "hr", "col", "rect", "path")


@dataclass(frozen=True)
class Stored:
    """A file with what the scanner says of it."""

    data: bytes
    header: Any
    metadata: dict[str, Any]

    @property
    def kind(self) -> Kind:
        header = self.header
        return kind_of(
            header.sop_class,
            has_pixels=bool(header.frames),
            transfer_syntax=header.transfer_syntax,
        )

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]

    def frame(self, number: int) -> bytes:
        header = self.header
        place = (header.transfer_syntax, header.dataset_offset, len(self.data), self.read)
        return read_frame(header.frames, number, header.bulk, *place)

    def bulk(self, uri: str) -> bytes:
        header, path = self.header, uri.rpartition("/bulkdata/")[2]
        value = next(each for each in header.bulk if each.path == path)
        place = (header.transfer_syntax, header.dataset_offset, len(self.data), self.read)
        return b"".join(read_bulk(value, *place))

    def source(self, number: int = 1) -> Source:
        syntax = self.header.transfer_syntax
        return Source.of(self.frame(number), self.metadata, syntax, number, self.bulk)

    def instance(self, document_url: str = "") -> Instance:
        return Instance(
            self.metadata,
            self.kind,
            self.header.transfer_syntax,
            self.frame,
            self.bulk,
            document_url=document_url,
        )


def stored(data: bytes) -> Stored:
    """A file as the archive holds it; BulkDataURIs begin at the service root."""
    header = part10.scan(data, len(data), lambda at, length: data[at : at + length])
    return Stored(data, header, orjson.loads(header.json.replace(b"\x01", b"")))


@cache
def sample(name: str) -> Stored:
    """A file of the shared samples, or of pydicom's wheel where the name begins with pydicom:."""
    if name.startswith("pydicom:"):
        inside = Path(pydicom.__file__).parent / "data" / "test_files"
        return stored((inside / name.removeprefix("pydicom:")).read_bytes())
    return stored((samples.folder() / name).read_bytes())


def dataset_of(name: str) -> Dataset:
    """The same file as pydicom reads it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(samples.folder() / name, force=True)


def others(*found: Stored) -> Others:
    """An archive that holds these instances."""
    by_instance = {each.header.sop_instance: each for each in found}

    def url_of(sop_class: str, instance: str) -> str | None:
        return f"/instances/{instance}/rendered" if instance in by_instance else None

    def open_image(instance: str, number: int) -> Source | None:
        held = by_instance.get(instance)
        return held.source(number) if held is not None and held.header.frames else None

    return Others(url_of, open_image)


@dataclass
class Read(HTMLParser):
    """An HTML page taken apart: its texts, titles, links, elements; balanced or not."""

    texts: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str | None]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    balanced: bool = True

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        self.titles += [value or "" for name, value in attrs if name == "title"]
        self.links += [value or "" for name, value in attrs if name in ("href", "data")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.balanced = self.balanced and bool(self.open) and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def words(self) -> str:
        return squeezed("".join(self.texts))

    @property
    def everything(self) -> str:
        """Texts and titles: what can be read or hovered over."""
        return squeezed("".join(self.texts + self.titles))


def read_html(page: str) -> Read:
    """The page taken apart; it must be balanced, and without script and outside resources."""
    found = Read()
    found.feed(page)
    found.close()
    assert found.balanced
    assert found.open == []
    assert not {"script", "iframe", "img", "link", "base"} & set(found.elements)
    assert not any(name.startswith("on") or name == "style" for name, _ in found.attributes)
    return found


def squeezed(text: str) -> str:
    """Without white space: lines are broken where they are broken."""
    return re.sub(r"\s+", "", text)


def content_items(dataset: Dataset) -> Iterator[Dataset]:
    """Every content item of a report, the root first."""
    yield dataset
    for item in dataset.get("ContentSequence") or ():
        yield from content_items(item)
