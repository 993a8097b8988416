"""Part 10 files: a header in one pass, frames by position, bulk values, files written anew.

pydicom is imported by the modules that need it, when they are first used.
"""

from dicomweb.part10.frames import FrameTable
from dicomweb.part10.header import Bulk, Doubt, Header, Reader
from dicomweb.part10.scan import scan

__all__ = ["Bulk", "Doubt", "FrameTable", "Header", "Reader", "scan"]
