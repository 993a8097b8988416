"""The content tree of a Structured Report, read once and bounded (PS3.3 C.17.3)."""

from dataclasses import dataclass

from dicomweb.pixels.attributes import Metadata, items, numbers, text, value, values

# The largest CAD reports have some ten thousand items; nobody nests them thirty deep.
MAX_ITEMS = 20_000
MAX_DEPTH = 32

# What tells the value type of an item that does not say it.
_TELLTALES = (
    ("0040A160", "TEXT"),
    ("0040A300", "NUM"),
    ("0040A168", "CODE"),
    ("0040A123", "PNAME"),
    ("0040A120", "DATETIME"),
    ("0040A121", "DATE"),
    ("0040A122", "TIME"),
    ("0040A124", "UIDREF"),
    ("0040A130", "TCOORD"),
    ("30060024", "SCOORD3D"),
    ("00700022", "SCOORD"),
    ("00081199", "COMPOSITE"),
    ("0040A801", "TABLE"),
    ("0040A730", "CONTAINER"),
    ("0040DB73", "REFERENCE"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """A content item. `position` counts from 1 at each level, the root being (1,).

    `value_type` is TEXT, NUM … in capitals, REFERENCE for an item that only points at another
    (`target` is its position), "" when nothing tells. `found` is the item as it is stored.
    """

    position: tuple[int, ...]
    value_type: str
    relationship: str
    found: Metadata
    children: tuple["Item", ...] = ()

    @property
    def concept(self) -> Metadata | None:
        """The first item of Concept Name Code Sequence."""
        named = items(self.found, "0040A043")
        return named[0] if named else None

    @property
    def target(self) -> tuple[int, ...]:
        return tuple(
            each for each in values(self.found, "0040DB73") if isinstance(each, int) and each > 0
        )

    @property
    def anchor(self) -> str:
        return anchor_of(self.position)


@dataclass(frozen=True, slots=True)
class Tree:
    """The root; `whole` is false when the document has more items, or deeper ones, than we read."""

    root: Item
    whole: bool = True


class _Reader:
    def __init__(self) -> None:
        self.left = MAX_ITEMS
        self.whole = True

    def item(self, found: Metadata, position: tuple[int, ...]) -> Item:
        self.left -= 1
        return Item(
            position=position,
            value_type=_value_type(found, root=len(position) == 1),
            relationship=text(found, "0040A010").upper(),
            found=found,
            children=self._children(found, position),
        )

    def _children(self, found: Metadata, position: tuple[int, ...]) -> tuple[Item, ...]:
        below = items(found, "0040A730")
        if below and len(position) >= MAX_DEPTH:
            self.whole = False
            return ()
        children: list[Item] = []
        for number, child in enumerate(below, 1):
            if self.left <= 0:
                self.whole = False
                break
            children.append(self.item(child, (*position, number)))
        return tuple(children)


def read_tree(metadata: Metadata) -> Tree:
    """The content of an SR document; a broken one gives what is there of it."""
    reader = _Reader()
    root = reader.item(metadata, (1,))
    return Tree(root, reader.whole)


def anchor_of(position: tuple[int, ...]) -> str:
    return "item-" + "-".join(str(number) for number in position)


def frames_of(reference: Metadata) -> list[int]:
    """Referenced Frame Number of a reference; none are all frames."""
    return [int(number) for number in numbers(reference, "00081160") if number >= 1]


def channels_of(reference: Metadata) -> list[tuple[int, int]]:
    """Referenced Waveform Channels: pairs of multiplex group and channel, 0 for all of it."""
    found = [each for each in values(reference, "0040A0B0") if isinstance(each, int)]
    return list(zip(found[::2], found[1::2], strict=False))


def _value_type(found: Metadata, *, root: bool) -> str:
    said = text(found, "0040A040").upper()
    if said:
        return said
    if root:
        return "CONTAINER"
    # A sequence that is there but empty tells as well as a full one.
    told = (kind for tag, kind in _TELLTALES if tag in found)
    return next(told, "CONTAINER" if value(found, "0040A050") else "")
