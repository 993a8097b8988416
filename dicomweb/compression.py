"""Finished documents in the content codings that clients accept (RFC 9110 8.4.1)."""


def compress(data: bytes, coding: str) -> bytes:
    """`data` as gzip or zstd, at the level at which neither is felt."""
    if coding == "zstd":
        import zstandard

        return zstandard.ZstdCompressor(level=3).compress(data)
    from isal import igzip

    return igzip.compress(data, compresslevel=1)
