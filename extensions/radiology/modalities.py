"""The modalities that a study may be ordered for, and their names."""

from starlette.requests import Request

from dicomweb.access.permissions import Permission
from extensions.json_api import Shape, api

# The eleven of the API's document, then others that PS3.3 C.7.3.1.1.1 defines for images.
MODALITIES = {
    "CR": "Computed Radiography",
    "CT": "Computed Tomography",
    "MR": "Magnetic Resonance",
    "US": "Ultrasound",
    "XR": "X-Ray",
    "DX": "Digital Radiography",
    "MG": "Mammography",
    "PT": "Positron Emission Tomography",
    "NM": "Nuclear Medicine",
    "RF": "Radio Fluoroscopy",
    "OT": "Other",
    "BMD": "Bone Mineral Densitometry",
    "ECG": "Electrocardiography",
    "ES": "Endoscopy",
    "GM": "General Microscopy",
    "IO": "Intra-Oral Radiography",
    "IVOCT": "Intravascular Optical Coherence Tomography",
    "IVUS": "Intravascular Ultrasound",
    "OP": "Ophthalmic Photography",
    "OPT": "Ophthalmic Tomography",
    "PX": "Panoramic X-Ray",
    "RG": "Radiographic Imaging (film, screen)",
    "SC": "Secondary Capture",
    "SM": "Slide Microscopy",
    "XA": "X-Ray Angiography",
    "XC": "External-Camera Photography",
}


class Modality(Shape):
    """One modality: the code that fields take, and its name."""

    code: str
    name: str


def listed(request: Request) -> list[Modality]:
    """All of them, those of the document first."""
    return [Modality(code=code, name=name) for code, name in MODALITIES.items()]


routes = [
    api(
        "GET",
        "/api/radiology/modalities",
        listed,
        Permission.VIEW,
        gives=list[Modality],
        summary="Supported modalities",
    ),
]
