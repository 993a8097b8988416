"""One stored frame with all that is known of it: what every step of rendering may look at."""

from dataclasses import dataclass

from dicomweb.errors import TooLarge
from dicomweb.pixels.attributes import Metadata, text
from dicomweb.pixels.decode import decode
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels
from dicomweb.pixels.tables import BulkReader, no_bulk

# Four times a large mammogram. A whole slide is rendered tile by tile.
MAX_PIXELS = 1 << 27


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of frame `number` (from 1), its instance in DICOM JSON, and a way to its tables."""

    frame: bytes
    metadata: Metadata
    image: ImagePixel
    number: int = 1
    bulk: BulkReader = no_bulk

    @classmethod
    def of(
        cls,
        frame: bytes,
        metadata: Metadata,
        transfer_syntax: str,
        number: int = 1,
        bulk: BulkReader = no_bulk,
    ) -> "Source":
        """NotAcceptable when the metadata describe no image, TooLarge beyond MAX_PIXELS."""
        image = ImagePixel.of(metadata, transfer_syntax)
        if image.rows * image.columns > MAX_PIXELS:
            raise TooLarge(
                f"The image has {image.columns} x {image.rows} pixels, more than can be rendered."
            )
        return cls(frame, metadata, image, number, bulk)

    @property
    def instance(self) -> str:
        return text(self.metadata, "00080018")

    def values(self) -> Pixels:
        return decode(self.frame, self.image)
