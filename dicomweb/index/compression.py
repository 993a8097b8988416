"""Metadata of instances, compressed against that of the first one of their series.

A data set of 9 KB takes some 100 bytes and 1 microsecond to read back (performance.md 2).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock

import zstandard

MAX_DICTIONARY = 112 * 1024  # zstd looks back this far from the beginning of a frame
_LEVEL = 3
_REMEMBERED = 64

Load = Callable[[list[int]], Iterable[tuple[int, bytes]]]


def dictionary(dataset: bytes, fragment: bytes) -> bytes:
    """The dictionary of a series as it is stored.

    It is the first data set, and the search result behind it, where zstd finds it cheapest.
    """
    return packed(dataset[: MAX_DICTIONARY - len(fragment)] + fragment)


def packed(content: bytes) -> bytes:
    """Compressed by itself."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(content)


def unpacked(stored: bytes) -> bytes:
    """What `packed` has made."""
    return zstandard.ZstdDecompressor().decompress(stored)


def _ready(stored: bytes) -> zstandard.ZstdCompressionDict:
    made = zstandard.ZstdCompressionDict(unpacked(stored), dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    made.precompute_compress(level=_LEVEL)
    return made


class Encoder:
    """Compresses what belongs to one series; for one thread."""

    def __init__(self, made: zstandard.ZstdCompressionDict) -> None:
        compressor = zstandard.ZstdCompressor(
            dict_data=made, level=_LEVEL, write_checksum=False, write_dict_id=False
        )
        self.encode: Callable[[bytes], bytes] = compressor.compress


class Decoder:
    """Reads what was compressed, of several series; for one thread."""

    def __init__(self, dictionaries: dict[int, zstandard.ZstdCompressionDict]) -> None:
        self._read = {
            series: zstandard.ZstdDecompressor(dict_data=made).decompress
            for series, made in dictionaries.items()
        }

    def decode(self, series: int, stored: bytes) -> bytes:
        """What was compressed; empty if the series has been deleted at this moment."""
        read = self._read.get(series)
        return read(stored) if read else b""


class Codecs:
    """Dictionaries by the primary key of their series, those used lately kept ready.

    They are shared among threads; the encoders and decoders made of them must not be. A key is
    never used for another series, so that nothing here goes stale.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[int, zstandard.ZstdCompressionDict] = OrderedDict()
        self._lock = Lock()

    def decoder(self, series: Iterable[int], load: Load) -> Decoder:
        """A decoder for these series; `load` reads stored dictionaries by their keys."""
        return Decoder(self._found(set(series), load))

    def encoder(self, series: int, load: Load) -> Encoder:
        """An encoder for a series that is committed."""
        return Encoder(self._found({series}, load)[series])

    def _found(self, series: set[int], load: Load) -> dict[int, zstandard.ZstdCompressionDict]:
        found = {}
        with self._lock:
            for key in series & self._kept.keys():
                found[key] = self._kept[key]
                self._kept.move_to_end(key)
        missing = sorted(series - found.keys())
        loaded = {key: _ready(stored) for key, stored in load(missing)} if missing else {}
        with self._lock:
            self._kept.update(loaded)
            while len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)
        return {**found, **loaded}


def new_encoder(stored: bytes) -> Encoder:
    """An encoder for a series that is not committed yet."""
    return Encoder(_ready(stored))
