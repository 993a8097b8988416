"""The Native DICOM Model, `application/dicom+xml`, to and from DICOM JSON (PS3.19 A.1)."""

from dicomweb.wire.xml_model.reading import read_xml
from dicomweb.wire.xml_model.writing import write_xml

__all__ = ["read_xml", "write_xml"]
