"""Dictated prose in a report: items that make up sentences (Continuity of Content CONTINUOUS)."""

from collections.abc import Sequence

from dicomweb.pixels.documents.content_tree import Item
from dicomweb.pixels.documents.links import NO_WAYS, Ways
from dicomweb.pixels.documents.page import Line, Phrase, plain
from dicomweb.pixels.documents.report_values import label_of, value_of

_WITHIN = ("CODE", "NUM", "PNAME", "DATE", "TIME", "DATETIME")
_SENTENCE_ENDS = (".", "!", "?", ":", ";")
_CLINGING = (".", ",", ";", ":", "!", "?", ")", "\n")


def is_prose(run: Sequence[Item]) -> bool:
    """Whether the run reads as sentences: `A mass of` · 3 cm · `was detected.`

    CONTINUOUS alone says little: much software writes it everywhere, and measurements without
    their names would say nothing. So every value must follow a text, and one of them a text that
    does not end its sentence.
    """
    broken = False
    for before, item in zip((None, *run), run, strict=False):
        if item.relationship != "CONTAINS":
            return False
        if item.value_type in _WITHIN:
            if before is None or before.value_type != "TEXT":
                return False
            words = plain(value_of(before, NO_WAYS)).rstrip()
            broken = broken or not words.endswith(_SENTENCE_ENDS)
        elif item.value_type != "TEXT":
            return False
    return broken


def prose_of(run: Sequence[Item], ways: Ways) -> Line:
    """The values one behind the other, the names of their concepts as hints."""
    line: list[Phrase] = []
    for item in run:
        said = value_of(item, ways)
        if not said:
            continue
        if line and not said[0].text.startswith(_CLINGING):
            line.append(Phrase(" "))
        line += [_named(each, label_of(item)) for each in said]
    return tuple(line)


def _named(phrase: Phrase, label: str) -> Phrase:
    hint = f"{label}: {phrase.hint}" if phrase.hint else label
    return Phrase(phrase.text, hint, phrase.url) if phrase.text.strip() else phrase
