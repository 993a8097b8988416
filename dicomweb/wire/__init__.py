"""The room between bytes and values: headers, multipart bodies, DICOM JSON and XML (PS3.18 8).

It knows neither the web framework nor files; pydicom is imported only where a dictionary or a data
set is needed. Nothing is imported here, so that a service pays for what it uses.
"""
