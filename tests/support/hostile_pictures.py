"""Pictures for the table of hostile input: odd modes and depths, false claims, bombs. Must not do: judge them."""

import io
import random
import struct
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
