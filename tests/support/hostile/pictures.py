"""Pictures for the table of hostile input: odd modes and depths, false claims, bombs, and files that are no pictures.

Must not do: judge them.
"""

import io
import random
import struct
import zipfile
import zlib
from typing import Any

import numpy as np
from PIL import Image

from tests.support.coco_builders import a_scene


def encode(mode: str = "RGB", size: tuple[int, int] = (100, 50), form: str = "PNG", **options: Any) -> bytes:
    """Return a picture of blocks in a mode and format."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(a_scene(77, *size))).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def claiming(width: int, height: int) -> bytes:
    """Return a small PNG whose head claims another size."""
    data = bytearray(encode())
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def animated(form: str) -> bytes:
    """Return an animation of three pictures."""
    frames = [Image.open(io.BytesIO(a_scene(seed))).convert("RGB") for seed in (77, 78, 79)]
    buffer = io.BytesIO()
    frames[0].save(buffer, form, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def deep_grey() -> bytes:
    """Return a picture of 16 bits a pixel."""
    buffer = io.BytesIO()
    Image.frombytes("I;16", (100, 50), bytes(n * n * 97 % 251 for n in range(10_000))).save(buffer, "PNG")
    return buffer.getvalue()


def turned() -> bytes:
    """Return a picture that its EXIF block asks to turn."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(form="JPEG", exif=exif)


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_text_bomb() -> bytes:
    """Return a PNG with a compressed text that would be 64 MiB."""
    data = encode()
    return data[:33] + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(64 << 20), 9)) + data[33:]


def deep_colour() -> bytes:
    """Return a PNG of 16 bits a channel, which Pillow cannot write."""
    rows = b"".join(b"\0" + random.Random(row // 10).randbytes(600) for row in range(50))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 100, 50, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def floating(*values: float) -> bytes:
    """Return a TIFF of 32-bit floating point numbers that repeat `values`."""
    pixels = np.resize(np.array(values, dtype=np.float32), (50, 100))
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "TIFF")
    return buffer.getvalue()


def with_broken_exif() -> bytes:
    """Return a JPEG whose EXIF block is noise."""
    data, noise = encode(form="JPEG"), b"Exif\0\0" + b"MM\0*" + b"\xff" * 40
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(noise) + 2) + noise + data[2:]


def plain() -> bytes:
    """Return a picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (100, 50), (90, 120, 150)).save(buffer, "PNG")
    return buffer.getvalue()


def media(brand: bytes, *compatible: bytes) -> bytes:
    """Return the beginning of an ISO media file."""
    brands = brand + bytes(4) + b"".join(compatible)
    return struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + bytes(40)


def zipped() -> bytes:
    """Return a zip archive of one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("a.json", "{}")
    return buffer.getvalue()


def tiff(bands: int, bits: int, order: str = "<") -> bytes:
    """Return a TIFF of 4 x 4 pixels of so many bands."""
    tags = [(256, 4), (257, 4), (258, bits), (259, 1), (262, 1), (277, bands), (278, 4), (284, 1)]
    entries = b"".join(struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(f"{order}IH", 8, len(tags)) + entries + bytes(4) + bytes(16 * bands * bits // 8)
