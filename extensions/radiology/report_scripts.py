"""How letters of any script get on paper: their typeface, their joined forms, their order."""

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby

# Not embedded (they are of megabytes): PDF readers have them, or show a likeness.
JAPANESE, KOREAN, CHINESE = "HeiseiKakuGo-W5", "HYGothic-Medium", "STSong-Light"
ASIAN_FACES = (JAPANESE, KOREAN, CHINESE)

_MIRRORED = dict(zip("()[]{}<>«»≤≥", ")(][}{><»«≥≤", strict=True))
_NUMBERS = ("EN", "AN")
_LAM_ALEF = tuple(f"\u0644{alef}" for alef in "\u0622\u0623\u0625\u0627")
# Arabic letters by what may stand beside them: isolated, final, initial, medial form.
_FORMS = ("isolated", "final", "initial", "medial")


def runs(text: str, face: str) -> Iterator[tuple[str, str]]:
    """The text in runs, each with the name of its typeface: `face` where that has the letters.

    What no typeface has is left to `face`, which draws a box (`has_boxes`).
    """
    if text.isascii():
        yield face, text
        return
    han = JAPANESE if any(typeface_of(char) == JAPANESE for char in text) else CHINESE
    named = {"": face, "han": han}

    def typeface(char: str) -> str:
        script = typeface_of(char)
        return named.get(script, script)

    for name, group in groupby(text, typeface):
        yield name, "".join(group)


@lru_cache(maxsize=8192)
def typeface_of(char: str) -> str:
    """The typeface that a letter wants, "" for ours; "han" where that depends on its neighbours."""
    from dicomweb.pixels.lettering import covered

    if char.isascii() or ord(char) in covered() or ord(char) > 0xFFFF:
        return ""
    name = unicodedata.name(char, "")
    if name.startswith(("HIRAGANA", "KATAKANA")):
        return JAPANESE
    if name.startswith("HANGUL"):
        return KOREAN
    if name.startswith(("CJK", "IDEOGRAPHIC", "FULLWIDTH")):
        return "han"
    return ""


def has_boxes(text: str) -> bool:
    """Whether there are letters that no typeface has."""
    if text.isascii():
        return False
    from dicomweb.pixels.lettering import covered

    return any(not typeface_of(char) and ord(char) not in covered() for char in text)


def is_rightward(text: str) -> bool:
    """Whether a paragraph reads from left to right: its first strong letter says it (UAX 9 P2)."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("L", "R", "AL"):
            return kind == "L"
    return True


def has_leftward(text: str) -> bool:
    """Whether any letter of it is Hebrew, Arabic or of another script that runs to the left."""
    return not text.isascii() and any(_kind(char) == "R" for char in text)


def in_order(line: str, rightward: bool) -> str:
    """The letters of a line from left to right as they are drawn (UAX 9, without embeddings)."""
    levels = _levels(line, 0 if rightward else 1)
    letters = [
        _MIRRORED.get(char, char) if level % 2 else char
        for char, level in zip(line, levels, strict=True)
    ]
    for least in range(max(levels, default=0), 0, -1):
        start = 0
        for inside, group in groupby([level >= least for level in levels]):
            end = start + sum(1 for _ in group)
            if inside:
                letters[start:end] = letters[start:end][::-1]
                levels[start:end] = levels[start:end][::-1]
            start = end
    return "".join(letters)


@lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    """L, R, N for a number, S for what joins numbers, M for a mark; empty for the neutral."""
    kind = unicodedata.bidirectional(char)
    if kind in ("R", "AL"):
        return "R"
    if kind in _NUMBERS:
        return "N"
    return {"L": "L", "NSM": "M", "ES": "S", "CS": "S", "ET": "S"}.get(kind, "")


def _levels(line: str, base: int) -> list[int]:
    """Even levels run to the right, odd ones to the left."""
    edge = "R" if base else "L"
    kinds = _with_numbers(line)
    strong = edge
    for place, kind in enumerate(kinds):
        if kind in ("L", "R"):
            strong = kind
        elif kind == "N" and strong == "L":
            kinds[place] = "L"
    start = 0
    for kind, group in groupby(list(kinds)):
        end = start + sum(1 for _ in group)
        if not kind:
            before = kinds[start - 1] if start else edge
            after = kinds[end] if end < len(kinds) else edge
            sides = {"L" if side == "L" else "R" for side in (before, after)}
            kinds[start:end] = [sides.pop() if len(sides) == 1 else edge] * (end - start)
        start = end
    of = {"L": 2 * base, "R": 1, "N": 2}
    return [of[kind] for kind in kinds]


def _with_numbers(line: str) -> list[str]:
    """The kinds of letters: marks as what they stand on, signs between digits as digits."""
    kinds: list[str] = []
    for char in line:
        kind = _kind(char)
        kinds.append((kinds[-1] if kinds else "") if kind == "M" else kind)
    for place, kind in enumerate(kinds):
        if kind == "S":
            before = kinds[place - 1] if place else ""
            after = kinds[place + 1] if place + 1 < len(kinds) else ""
            kinds[place] = "N" if "N" in (before, after) and before != "R" else ""
    return kinds


def joined(text: str) -> str:
    """Arabic letters in the forms in which they join; PDF itself joins nothing."""
    forms = _forms()
    if not any(char in forms for char in text):
        return text
    letters: list[str] = []
    for char in text:
        if letters and letters[-1] + char in forms:  # lam and alef are one
            letters[-1] += char
        else:
            letters.append(char)
    seen = [place for place, each in enumerate(letters) if not _is_mark(each)]
    shaped = list(letters)
    for number, place in enumerate(seen):
        before = letters[seen[number - 1]] if number else ""
        after = letters[seen[number + 1]] if number + 1 < len(seen) else ""
        shaped[place] = _shaped(before, letters[place], after)
    return "".join(shaped)


def apart(text: str) -> str:
    """The letters as they were typed, of those that `joined` made."""
    return "".join(
        unicodedata.normalize("NFKC", char) if "\ufb50" <= char <= "\ufefc" else char
        for char in text
    )


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter[0]) in ("Mn", "Cf")


def _shaped(before: str, letter: str, after: str) -> str:
    forms = _forms()
    own = forms.get(letter)
    if own is None:
        return letter
    from_before = "initial" in forms.get(before[-1:], {}) and len(before) < 2 and "final" in own
    to_after = "initial" in own and "final" in forms.get(after, {})
    place = 2 * to_after + from_before
    return own.get(_FORMS[place], own.get("isolated", letter))


@cache
def _forms() -> dict[str, dict[str, str]]:
    """The presentation forms of Unicode that the typeface has, by letter and form."""
    from dicomweb.pixels.lettering import covered

    found: dict[str, dict[str, str]] = {}
    for code in (*range(0xFB50, 0xFDFE), *range(0xFE80, 0xFEFD)):
        form, _, letters = unicodedata.decomposition(chr(code)).partition("> ")
        plain = "".join(chr(int(each, 16)) for each in letters.split())
        if code in covered() and (len(plain) == 1 or plain in _LAM_ALEF):
            found.setdefault(plain, {})[form[1:]] = chr(code)
    return found
