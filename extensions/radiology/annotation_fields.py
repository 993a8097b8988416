"""What an annotation is: its kinds, its fields as they come in and go out, and their bounds."""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from extensions.json_api import Line, Listed, Paging, Shape, or_default

# A contour drawn by hand has some hundred points; JSON of so many is below MAX_BODY.
MAX_POINTS = 10_000
# Beyond this a coordinate is a mistake: no image has as many pixels in a row.
MAX_COORDINATE = 10_000_000
MAX_LABEL = 10_000
DEFAULT_COLOR = "#FFFF00"
_COLOR = "#[0-9A-Fa-f]{6}"


class Kind(StrEnum):
    """The kinds of the contract. A key image is any annotation with `keyImage`."""

    TEXT = "text"
    ARROW = "arrow"
    CIRCLE = "circle"
    ELLIPSE = "ellipse"
    RECTANGLE = "rectangle"
    MEASUREMENT = "measurement"
    ANGLE = "angle"
    ROI = "roi"


# How many points a kind takes, at least and at most.
POINTS: dict[Kind, tuple[int, int]] = {
    Kind.TEXT: (1, 1),
    Kind.ARROW: (2, 2),
    Kind.CIRCLE: (2, 2),
    Kind.ELLIPSE: (2, 2),
    Kind.RECTANGLE: (2, 2),
    Kind.MEASUREMENT: (2, 2),
    Kind.ANGLE: (3, 3),
    Kind.ROI: (3, MAX_POINTS),
}

Coordinate = Annotated[
    float, Field(strict=True, allow_inf_nan=False, ge=-MAX_COORDINATE, le=MAX_COORDINATE)
]


class Point(Shape):
    """A place in pixels; (0, 0) is the top left corner of the image, (0.5, 0.5) the centre of its
    first pixel (as SCOORD, PS3.3 C.18.6.1.1). It may lie outside the image."""

    x: Coordinate
    y: Coordinate


class Coordinates(Shape):
    """The points of an annotation: text 1; arrow (tip, end), measurement, circle (centre, edge),
    ellipse and rectangle (two corners) 2; angle (end, vertex, end) 3; roi 3 or more, closed by
    itself."""

    points: list[Point] = Field(min_length=1, max_length=MAX_POINTS)


def _label(text: str) -> str:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("it holds a character that no text has")
    return text


Label = Annotated[str, Field(max_length=MAX_LABEL), AfterValidator(_label)]


def _color(text: str) -> str:
    if not re.fullmatch(_COLOR, text):
        raise ValueError("it must be #RRGGBB, as in #FF0000")
    return text


Color = Annotated[str, AfterValidator(_color), Field(json_schema_extra={"pattern": f"^{_COLOR}$"})]
Frame = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


def check_points(kind: Kind, count: int) -> None:
    """Raises ValueError where the kind takes another number of points."""
    least, most = POINTS[kind]
    if not least <= count <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        plural = "point" if most == 1 else "points"
        raise ValueError(f"{kind.value} takes {wanted} {plural}, not {count}")


class Drawing(Shape):
    """An annotation as it is drawn: the body of POST and PUT."""

    type: Kind
    coordinates: Coordinates
    label: Label = Field(default="", description="As typed; markup has no meaning in it.")
    color: Color = Field(default=DEFAULT_COLOR, description="#RRGGBB")
    frame: Frame = Field(default=1, description="Frame of the image, counted from 1.")
    key_image: bool = Field(
        default=False, description="Whether the annotation marks its image as a key image."
    )

    _defaults = field_validator("label", "color", "frame", "key_image", mode="before")(or_default)

    @field_validator("coordinates")
    @classmethod
    def _counted(cls, value: Coordinates, info: ValidationInfo) -> Coordinates:
        if isinstance(kind := info.data.get("type"), Kind):
            check_points(kind, len(value.points))
        return value

    @property
    def points(self) -> list[tuple[float, float]]:
        return [(point.x, point.y) for point in self.coordinates.points]


class Change(Shape):
    """The body of PATCH: what is absent stays as it is."""

    type: Kind | None = None
    coordinates: Coordinates | None = None
    label: Label | None = None
    color: Color | None = None
    frame: Frame | None = None
    key_image: bool | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _given(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("it cannot be null; leave it out to keep what is there")
        return value

    def given(self) -> dict[str, Any]:
        """The fields that were sent, by their names outside."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Quantity(Shape):
    """A measured value and its unit, UCUM for what is physical, `px` and `px2` in pixels."""

    value: float
    unit: str


class Calibration(Shape):
    """Where lengths come from: the size of a pixel, from column to column and from row to row."""

    source: str = Field(
        description="pixelSpacing, imagerPixelSpacing, nominalScannedPixelSpacing, "
        "ultrasoundRegion, pixelAspectRatio or none"
    )
    column_spacing: float
    row_spacing: float
    column_unit: str
    row_unit: str
    note: str = Field(description="What to know before these lengths are believed.")


class Measurements(Shape):
    """What the server measured when the annotation was last changed; null: it has no meaning.

    Values are of those pixels whose centre lies inside the shape or on its edge, pixel padding
    apart, after rescale or Modality LUT; the deviation is that of the population.
    """

    calibration: Calibration
    length: Quantity | None = None
    horizontal: Quantity | None = Field(
        default=None, description="Instead of a length where the axes have different units."
    )
    vertical: Quantity | None = None
    angle: Quantity | None = None
    radius: Quantity | None = None
    width: Quantity | None = None
    height: Quantity | None = None
    perimeter: Quantity | None = None
    area: Quantity | None = None
    mean: Quantity | None = None
    standard_deviation: Quantity | None = None
    minimum: Quantity | None = None
    maximum: Quantity | None = None
    pixels: int | None = Field(default=None, description="How many pixels the values are of.")
    note: str = Field(default="", description="Why something was not measured.")


class Annotation(Shape):
    """An annotation as it is kept. `author` drew it, `createdBy` entered or imported it."""

    id: str
    image_id: str = Field(description="SOP Instance UID of the image.")
    study_uid: str = Field(alias="studyInstanceUID")
    series_uid: str = Field(alias="seriesInstanceUID")
    type: Kind
    coordinates: Coordinates
    label: str
    color: str
    frame: int
    key_image: bool
    author: str
    source: str = Field(description="SOP Instance UID of the report it was imported from, or ''.")
    measurements: Measurements | None
    version: int
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str
    deleted_at: str | None = None
    deleted_by: str | None = None


class Version(Shape):
    """One version of an annotation: what was done, by whom, and how it was afterwards."""

    version: int
    action: str = Field(description="created, imported, changed, deleted or restored")
    at: str
    by: str
    type: Kind
    coordinates: Coordinates
    label: str
    color: str
    frame: int
    key_image: bool
    author: str
    measurements: Measurements | None


class Wanted(Paging):
    """Which annotations a list holds."""

    author: Line = Field(default="", description="Who drew it, or `me`.")
    type: Annotated[list[Kind] | None, Listed] = Field(
        default=None, description="One, or several: repeated, or with commas."
    )
    image: Line = Field(default="", description="SOP Instance UID.")
    frame: int | None = Field(default=None, ge=1, le=2**31 - 1)
    key_image: bool | None = None
    include_deleted: bool = Field(default=False, description="Deleted ones, too.")


class WantedAnywhere(Wanted):
    """The same over all studies that the caller may see."""

    study: Line = Field(default="", description="Id of a study, or its Study Instance UID.")
    patient: Line = Field(default="", description="Patient ID.")
