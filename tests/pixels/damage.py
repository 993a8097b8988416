"""Damaged streams, decoded in a process of its own: python -m tests.pixels.damage FAMILY COUNT.

It ends with 0 when every stream gave a picture or a refusal in time; a crash of a codec ends it
with a signal. The seed of the stream under way stands in the last line of what it wrote.
"""

import random
import resource
import sys
import time
from contextlib import suppress

import imagecodecs
import simplejpeg

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.decode import decode
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.targets import image_after
from dicomweb.pixels.transcode import transcode_frame
from tests.pixels.stored_images import make_image, make_samples

MEMORY = 3 << 30
SECONDS = 2.0
JPEG = "1.2.840.10008.1.2.4."
GRAY, RGB = make_image(16), make_image(8, samples=3)

FAMILIES: dict[str, tuple[tuple[ImagePixel, str], ...]] = {
    "rle": ((GRAY, "1.2.840.10008.1.2.5"), (RGB, "1.2.840.10008.1.2.5")),
    "deflated": ((GRAY, "1.2.840.10008.1.2.8.1"),),
    "jpeg": ((make_image(8), f"{JPEG}50"), (RGB, f"{JPEG}50"), (make_image(12), f"{JPEG}51")),
    "jpeg lossless": ((GRAY, f"{JPEG}70"), (RGB, f"{JPEG}57")),
    "jpeg_ls": ((GRAY, f"{JPEG}80"), (RGB, f"{JPEG}80"), (GRAY, f"{JPEG}81")),
    "jpeg_2000": ((GRAY, f"{JPEG}90"), (RGB, f"{JPEG}90"), (GRAY, f"{JPEG}91")),
    "high throughput": ((GRAY, f"{JPEG}201"), (RGB, f"{JPEG}202")),
    "jpeg_xl": ((GRAY, f"{JPEG}110"), (RGB, f"{JPEG}110")),
}


def streams(family: str) -> list[tuple[bytes, ImagePixel]]:
    """Whole streams of a family, with their descriptions."""
    found = []
    for image, target in FAMILIES[family]:
        native = make_samples(image).tobytes()
        found.append((transcode_frame(native, image, target), image_after(image, target)))
    if family == "jpeg_xl":
        jpeg = simplejpeg.encode_jpeg(make_samples(RGB), 90, "RGB", "422")
        again = imagecodecs.jpegxl_encode_jpeg(jpeg)
        found.append((bytes(again), image_after(RGB, f"{JPEG}111")))
    return found


def damaged(stream: bytes, seed: int) -> bytes:
    """One to ten changes, half of them in the head: bytes, bits, gaps, insertions, the end cut."""
    chance = random.Random(seed)
    found = bytearray(stream)
    for _ in range(chance.choice((1, 1, 2, 4, 10))):
        if len(found) < 3:
            break
        at = chance.randrange(min(200, len(found)) if chance.random() < 0.5 else len(found))
        kind = chance.random()
        if kind < 0.5:
            found[at] = chance.randrange(256)
        elif kind < 0.7:
            found[at] ^= 1 << chance.randrange(8)
        elif kind < 0.8:
            del found[at : at + chance.randrange(1, 9)]
        elif kind < 0.9:
            found[at:at] = chance.randbytes(chance.randrange(1, 9))
        elif kind < 0.95:
            found[at : at + 4] = b"\xff\xff\xff\xff"
        else:
            del found[at + 1 :]
    return bytes(found)


def main(family: str, count: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for stream, image in streams(family):
        decode(stream, image)
        for seed in range(count):
            sys.stdout.write(f"{family} {image.transfer_syntax} seed {seed}\n")
            sys.stdout.flush()
            began = time.process_time()
            with suppress(NotAcceptable):
                assert decode(damaged(stream, seed), image).shape == image.shape
            assert time.process_time() - began < SECONDS


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
