"""QR codes of links: what a code says, and its picture in SVG or PNG.

segno makes the pattern (ISO/IEC 18004), Pillow the pixels. Both are imported when a picture is first drawn: most of a
function's starts draw none.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from ginnel.errors import Invalid, Problem

if TYPE_CHECKING:
    from PIL.Image import Image

Format = Literal["svg", "png"]
Correction = Literal["L", "M", "Q", "H"]

MAX_LOGO = 256 * 1024
"""Bytes of an image that is to stand in a code."""
_MAX_PIXELS = 4_000_000
"""Of a logo: 16 MB when unpacked."""
LOGO_SHARE = 0.25
"""Of the code's width, the most that a logo takes. What it hides, a sixteenth, is well within the 30 % that H corrects."""
MIN_CONTRAST = 3.0
"""WCAG 2.2's least ratio for graphics (1.4.11): scanners are more easily pleased, but cameras add shade and glare."""

Matrix = Sequence[Sequence[int]]


class LogoTooLarge(Problem):
    """The logo has more bytes than a logo may have."""

    status, code = 413, "logo_too_large"


class LogoUnreadable(Problem):
    """The logo is no PNG or JPEG that can be read."""

    status, code = 415, "logo_unreadable"


@dataclass(frozen=True)
class Colour:
    red: int
    green: int
    blue: int

    @classmethod
    def parse(cls, text: str) -> Colour:
        """Read `#rgb` or `#rrggbb`; the sign, which URLs must encode, may be left out. Raises ValueError."""
        if not re.fullmatch(r"#?(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})", text):
            raise ValueError("is not a colour such as #1b2a49 or #12c")
        digits = text.removeprefix("#")
        if len(digits) == 3:  # noqa: PLR2004  # #rgb
            digits = "".join(digit * 2 for digit in digits)
        return cls(*bytes.fromhex(digits))

    def __str__(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"

    @property
    def luminance(self) -> float:
        """Relative luminance as WCAG 2.2 defines it, 0 for black to 1 for white."""
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004  # sRGB's own constants
            for part in (self.red / 255, self.green / 255, self.blue / 255)
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue


WHITE, BLACK = Colour(255, 255, 255), Colour(0, 0, 0)


@dataclass(frozen=True)
class Look:
    """How a code is drawn: `size` in pixels, `margin` in modules; no `background` is a transparent one."""

    format: Format = "svg"
    size: int = 512
    margin: int = 4
    correction: Correction = "M"
    foreground: Colour = BLACK
    background: Colour | None = WHITE

    def check(self) -> None:
        """Raises Invalid if scanners could not tell the colours apart. What is transparent is taken to lie on white."""
        light, dark = (self.background or WHITE).luminance, self.foreground.luminance
        ratio = (max(light, dark) + 0.05) / (min(light, dark) + 0.05)
        if dark > light:
            raise Invalid.field(
                "query:fg", "contrast_too_low", "must be darker than the background: many scanners need that"
            )
        if ratio < MIN_CONTRAST:
            detail = f"stands out from the background by {ratio:.1f}:1; scanners need {MIN_CONTRAST:.0f}:1"
            raise Invalid.field("query:fg", "contrast_too_low", detail)


def content(short_url: str) -> str:
    """Return what a code says: the link in ASCII, and the mark by which a click is known to come from a code."""
    return f"{quote(short_url, safe=_URL)}?qr=1"


_URL = ":/?#[]@!$&'()*+,;=%"

_DRAWN = "1"
"""Changes when the same look gives another picture."""


def etag(said: str, look: Look, logo: bytes = b"") -> str:
    """Name a picture by all that it is made from: it changes with the link's address, and with nothing else of the link."""
    parts = "\n".join((_DRAWN, said, repr(look), hashlib.sha256(logo).hexdigest()))
    return f'"{hashlib.sha256(parts.encode()).hexdigest()[:32]}"'


def draw(said: str, look: Look, logo: bytes = b"") -> bytes:
    """Draw a code; the same one for the same arguments. With a logo its correction is H. Takes milliseconds: not for a loop.

    Raises Invalid if the size is too small for so many modules, LogoTooLarge and LogoUnreadable.
    """
    import segno  # noqa: PLC0415  # see above

    image = _opened(logo) if logo else None
    correction = "H" if image else look.correction
    matrix: Matrix = segno.make_qr(said, error=correction, boost_error=False).matrix
    whole = len(matrix) + 2 * look.margin
    if look.size < whole:
        detail = f"is too small: this code with its margin is {whole} modules wide, and a module takes a pixel"
        raise Invalid.field("query:size", "size_too_small", detail)
    return (_svg if look.format == "svg" else _png)(matrix, look, image)


def _opened(logo: bytes) -> Image:
    """Read a logo anew, so that nothing but its pixels comes into a picture."""
    from PIL import Image, ImageOps  # noqa: PLC0415  # see above

    if len(logo) > MAX_LOGO:
        raise LogoTooLarge(f"A logo may have {MAX_LOGO} bytes.")
    # Pillow's own bound warns, or raises, by a process-wide figure; ours is checked before any pixel is unpacked.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(io.BytesIO(logo), formats=["PNG", "JPEG"]) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                raise LogoTooLarge(f"A logo may have {_MAX_PIXELS} pixels.")
            return ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError) as error:
        raise LogoUnreadable("The body is no PNG or JPEG that can be read.") from error


def _hidden(modules: int) -> range:
    """Return the rows, and columns, in the middle that a logo takes: none of them touches what scanners find a code by."""
    width = int(modules * LOGO_SHARE)
    width -= (modules - width) % 2  # as many on either side
    return range((modules - width) // 2, (modules + width) // 2)


def _dark(matrix: Matrix, hidden: range) -> Iterator[tuple[int, int, int]]:
    """List runs of dark modules: row, first column and length. Between them nothing is left for a hairline."""
    for row, modules in enumerate(matrix):
        start = None
        for column, module in enumerate((*modules, 0)):
            dark = module and not (row in hidden and column in hidden)
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                yield row, start, column - start
                start = None


def _svg(matrix: Matrix, look: Look, logo: Image | None) -> bytes:
    whole = len(matrix) + 2 * look.margin
    hidden = _hidden(len(matrix)) if logo else range(0)
    path = "".join(
        f"M{column + look.margin} {row + look.margin}h{length}v1h-{length}z"
        for row, column, length in _dark(matrix, hidden)
    )
    ground = f'<path fill="{look.background}" d="M0 0h{whole}v{whole}H0z"/>' if look.background else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{look.size}" height="{look.size}" viewBox="0 0 {whole} {whole}" '
        f'shape-rendering="crispEdges">{ground}<path fill="{look.foreground}" d="{path}"/>'
        f"{_embedded(logo, hidden, look) if logo else ''}</svg>\n"
    ).encode()


def _embedded(logo: Image, hidden: range, look: Look) -> str:
    edge = len(hidden) - 1  # half a module of air on each side
    pixels = min(_EMBEDDED, look.size)
    packed = io.BytesIO()
    _fitted(logo, pixels).save(packed, "PNG")
    data = base64.b64encode(packed.getvalue()).decode()
    corner = hidden.start + look.margin + 0.5
    return f'<image x="{corner}" y="{corner}" width="{edge}" height="{edge}" href="data:image/png;base64,{data}"/>'


_EMBEDDED = 256
"""Pixels of a logo in an SVG: sharp enough for a code as wide as a page."""


def _fitted(logo: Image, pixels: int) -> Image:
    from PIL import Image  # noqa: PLC0415  # see above

    scale = pixels / max(logo.size)
    size = max(1, round(logo.width * scale)), max(1, round(logo.height * scale))
    fitted = Image.new("RGBA", (pixels, pixels), (0, 0, 0, 0))
    fitted.paste(logo.resize(size, Image.Resampling.LANCZOS), ((pixels - size[0]) // 2, (pixels - size[1]) // 2))
    return fitted


def _png(matrix: Matrix, look: Look, logo: Image | None) -> bytes:
    """Draw every module as wide as the others; pixels that are left over go to the margin."""
    from PIL import Image, ImageDraw  # noqa: PLC0415  # see above

    module = look.size // (len(matrix) + 2 * look.margin)
    begin = (look.size - module * len(matrix)) // 2
    hidden = _hidden(len(matrix)) if logo else range(0)
    picture = Image.new("1", (look.size, look.size), 0)
    pen = ImageDraw.Draw(picture)
    for row, column, length in _dark(matrix, hidden):
        left, top = begin + column * module, begin + row * module
        pen.rectangle((left, top, left + length * module - 1, top + module - 1), fill=1)
    ground = (look.background.red, look.background.green, look.background.blue) if look.background else (255, 255, 255)
    ink = (look.foreground.red, look.foreground.green, look.foreground.blue)
    packed = io.BytesIO()
    if logo is None:
        flat = Image.frombytes("P", picture.size, picture.convert("L").point(lambda value: value and 1).tobytes())
        flat.putpalette((*ground, *ink))
        transparent = {} if look.background else {"transparency": 0}
        flat.save(packed, "PNG", bits=1, **transparent)
    else:
        coloured = Image.new("RGBA", picture.size, (*ground, 255 if look.background else 0))
        coloured.paste((*ink, 255), mask=picture)
        edge = (len(hidden) - 1) * module
        corner = begin + hidden.start * module + module // 2
        coloured.alpha_composite(_fitted(logo, edge), (corner, corner))
        coloured.save(packed, "PNG")
    return packed.getvalue()
