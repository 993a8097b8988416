"""The Native DICOM Model, `application/dicom+xml`, to and from DICOM JSON (PS3.19 A.1)."""

from dicomweb.wire.xml_model.reading import from_xml
from dicomweb.wire.xml_model.writing import to_xml

__all__ = ["from_xml", "to_xml"]
