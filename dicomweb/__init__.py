"""Lightbox: a DICOMweb archive (PS3.18) — what the Standard says; `extensions` is what we add."""

__version__ = "0.1.0"
