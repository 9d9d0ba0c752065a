"""A picture drawn anew, so that nothing of the file's own bytes reaches a browser: no metadata, no second format."""

from pathlib import Path
from typing import Any

from PIL import Image, ImageFilter, ImageOps

from tipstaff.vault.reading.problems import Unreadable

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
PIXELS = 50_000_000
LONGEST = 1600
VEILED = 24  # pixels of the longer side that the veiled one is blown up from: shape and light, no face and no letter
Image.MAX_IMAGE_PIXELS = None  # asked below, before a pixel is decoded


def draw(source: Path, folder: Path, position: int = 0) -> dict[str, Any]:
    """Write `veiled`, `grey` and `plain` JPEGs of the first frame. Says how large the original is, and its frames."""
    try:
        with Image.open(source, formats=FORMATS) as opened:
            if opened.width * opened.height > PIXELS:
                raise Unreadable("too_large")
            said = {"width": opened.width, "height": opened.height, "frames": getattr(opened, "n_frames", 1)}
            opened.seek(0)
            opened.draft("RGB", (LONGEST, LONGEST))
            plain = _flat(ImageOps.exif_transpose(opened))
    except Unreadable:
        raise
    except MemoryError as error:
        raise Unreadable("too_large") from error
    except Exception as error:  # a decoder fails in every way there is
        raise Unreadable("damaged") from error
    grey = ImageOps.grayscale(plain)
    for kind, picture in (("plain", plain), ("grey", grey), ("veiled", _veiled(grey))):
        picture.save(folder / f"{kind}-{position}.jpg", "JPEG", quality=85)
    return said | {"shown": list(plain.size)}


def _flat(picture: Image.Image) -> Image.Image:
    """A new picture of the same pixels, on white and of a bounded size: what is not a pixel stays behind."""
    picture = picture.convert("RGBA")
    picture.thumbnail((LONGEST, LONGEST))
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture, mask=picture.getchannel("A"))
    return flat


def _veiled(grey: Image.Image) -> Image.Image:
    small = grey.copy()
    small.thumbnail((VEILED, VEILED))
    scale = 480 / max(grey.size)
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    return small.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(12))


def hide(source: Path, target: Path, boxes: list[list[int]]) -> None:
    """Black rectangles (left, top, width, height, in pixels of `source`) over a picture that we drew ourselves."""
    with Image.open(source, formats=("JPEG",)) as opened:
        picture = opened.convert("RGB")
    for left, top, width, height in boxes:
        picture.paste((0, 0, 0), (left, top, left + width, top + height))
    picture.save(target, "JPEG", quality=85)
