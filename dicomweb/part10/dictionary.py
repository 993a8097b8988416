"""The VR of a tag where the file does not say it: implicit VR, and public tags written as UN."""

from functools import lru_cache

# What "OB or OW" and the like mean in implicit VR little endian (PS3.5 A.1).
_AMBIGUOUS = {"OB or OW": "OW", "US or OW": "OW", "US or SS or OW": "OW"}
EITHER_SIGN = "US or SS"
_UNKNOWN = "UN"


@lru_cache(maxsize=16384)
def vr_of(tag: str) -> str:
    """The VR of `tag` in the data dictionary, `EITHER_SIGN` where Pixel Representation decides.

    UN for private tags and for those that it does not know; a private creator is LO (PS3.5 7.8.1).
    """
    group, element = int(tag[:4], 16), int(tag[4:], 16)
    if group % 2:
        return "LO" if 0x10 <= element <= 0xFF else _UNKNOWN
    from pydicom.datadict import dictionary_VR

    try:
        vr = str(dictionary_VR(group << 16 | element))
    except KeyError:
        return _UNKNOWN
    if vr == "NONE":
        return _UNKNOWN
    return _AMBIGUOUS.get(vr, vr)
