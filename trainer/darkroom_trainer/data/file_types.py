"""What a file is, by its content, in words for messages: never its bytes, which may be a secret. Pure.

Must not do: I/O, or decide what may be read.
"""

import json
import re
import struct
from typing import Final

from darkroom_api.v1alpha1.dataset import AnnotationFormat

_MAX_LINE_BYTES: Final = 1 << 20
_UNPACK: Final = "unpack it"
_CONVERT: Final = "save it as JPEG or PNG"
_MAGIC: Final = (
    (b"PK\x03\x04", "a zip archive", _UNPACK),
    (b"PK\x05\x06", "an empty zip archive", _UNPACK),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!", "a rar archive", _UNPACK),
    (b"%PDF", "a PDF document", _CONVERT),
    (b"8BPS", "a Photoshop file", _CONVERT),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture", _CONVERT),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture", _CONVERT),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture", _CONVERT),
    (b"\xff\x0a", "a JPEG XL picture", _CONVERT),
    (b"\x93NUMPY", "a NumPy array", _CONVERT),
    (b"PAR1", "a Parquet table", ""),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself", "fetch it with git lfs pull"),
    (b"\xff\xd8\xff", "a JPEG picture", ""),
    (b"\x89PNG", "a PNG picture", ""),
    (b"GIF8", "a GIF picture", ""),
    (b"BM", "a BMP picture", ""),
)
_BRANDS: Final = (
    ((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "a HEIC picture"),
    ((b"avif", b"avis"), "an AVIF picture"),
)
_TIFF_BITS: Final = 258
_TIFF_BANDS: Final = 277
_TEXT: Final = "text", ""
_UNKNOWN: Final = "of a kind that is not known", ""
_PIXMAP: Final = re.compile(rb"^P[1-7]\s")
_YOLO: Final = re.compile(r"\d+(?: +[\d.eE+-]+){4,} *")
_YOLO_INDEX: Final = re.compile(r"(?m)^(?:train|val|names|nc) *:")
_VOC: Final = re.compile(rb"<annotation[\s>]")
_COCO: Final = re.compile(rb'"(?:images|annotations|categories)"\s*:')
_XML: Final = "XML"
_WANTED: Final = {
    AnnotationFormat.COCO: ("a COCO file", "give the COCO file (JSON) of the annotations"),
    AnnotationFormat.YOLO: ("a data.yaml of YOLO", "name the data.yaml with train, val and names"),
    AnnotationFormat.PASCAL_VOC: ("a file of Pascal VOC", "name the XML files of the annotations"),
}

Kind = tuple[str, str]
"""What a file is, and what to do with it ("" where that is for the reader to say)."""


def describe_picture(data: bytes) -> str:
    """Return what a file is that should be a picture and cannot be read as one, and what to do."""
    what, remedy = name_kind(data)
    return f"it is {what}; {remedy or 'upload the picture'}"


def describe_annotations(data: bytes, wanted: AnnotationFormat = AnnotationFormat.COCO) -> str | None:
    """Return what a file is that should be of the format `wanted` and is not, and what to do.

    None for what may be of that format.
    """
    found = _find_format(data)
    if found is not None and found[0] is wanted:
        return None
    kind = found[1:] if found is not None else _name_labels(data)
    if kind is None:
        what, remedy = name_kind(data)
        if what in (_TEXT[0], _UNKNOWN[0]) or (what == _XML and wanted is AnnotationFormat.PASCAL_VOC):
            return None
        kind = what, "" if remedy == _CONVERT else remedy
    noun, remedy = _WANTED[wanted]
    return f"is not {noun}: it is {kind[0]}; {kind[1] or remedy}"


def name_kind(data: bytes) -> Kind:
    """Return what a file is by its first bytes, and what to do with it."""
    for magic, what, remedy in _MAGIC:
        if data.startswith(magic):
            return what, remedy
    if data[4:8] == b"ftyp":
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, min(len(data), 64), 4))}
        return next(((what, _CONVERT) for known, what in _BRANDS if brands.intersection(known)), ("a video", _CONVERT))
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _describe_tiff(data), _CONVERT
    if data[257:262] == b"ustar":
        return "a tar archive", _UNPACK
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "a WEBP picture", ""
    if _PIXMAP.match(data):
        return "a PNM picture", _CONVERT
    return _name_text(data)


def _name_text(data: bytes) -> Kind:
    begin = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begin.startswith((b"<!doctype html", b"<html")):
        return "a web page", "give the address of the file itself"
    if begin.startswith((b"<svg", b"<?xml")) and b"<svg" in begin:
        return "an SVG drawing", _CONVERT
    if begin.startswith((b"<?xml", b"<annotation")):
        return _XML, ""
    return _TEXT if data and b"\0" not in data[:1024] else _UNKNOWN


def _describe_tiff(data: bytes) -> str:
    """Return the kind of a TIFF: how many bands of how many bits."""
    try:
        numbers = _read_tiff(data, "<" if data.startswith(b"II") else ">")
        bands, bits = numbers[_TIFF_BANDS], numbers[_TIFF_BITS]
    except (struct.error, KeyError):
        return "a damaged TIFF"
    return f"a TIFF of {bands} band{'' if bands == 1 else 's'} of {bits} bits, a kind that is not read"


def _read_tiff(data: bytes, order: str) -> dict[int, int]:
    """Return what a TIFF's first directory says of its bands: numbers of 16 bits, of which the first counts."""
    (begin,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, begin)
    numbers = {}
    for place in range(begin + 2, begin + 2 + 12 * count, 12):
        tag, _, length, offset = struct.unpack_from(f"{order}HHII", data, place)
        if tag in (_TIFF_BANDS, _TIFF_BITS):
            (numbers[tag],) = struct.unpack_from(f"{order}H", data, place + 8 if length <= 2 else offset)
    return numbers


def _find_format(data: bytes) -> tuple[AnnotationFormat, str, str] | None:
    """Return the format of annotations that a file is of, in words, and what to do where another is wanted."""
    begin = data[:_MAX_LINE_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    if begin.startswith(b"{") and _COCO.search(begin) and not _is_json_lines(begin):
        return AnnotationFormat.COCO, "a COCO file (JSON)", "set format: COCO"
    if begin.startswith(b"<") and _VOC.search(begin[:4096]):
        return AnnotationFormat.PASCAL_VOC, "a file of Pascal VOC (XML)", "set format: PascalVOC"
    if len(set(_YOLO_INDEX.findall(begin[:4096].decode(errors="ignore")))) >= 2:
        return AnnotationFormat.YOLO, "the index of a YOLO dataset (YAML)", "set format: YOLO"
    return None


def _name_labels(data: bytes) -> Kind | None:
    """Return the form of labels that no format has alone, and what to do; None where there is none."""
    begin = data[:_MAX_LINE_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    if begin.startswith(b"{") and _is_json_lines(begin):
        export = "export the annotations as COCO, one object with images, annotations and categories"
        return "JSON Lines, one object a line", export
    if begin.startswith(b"<") and b"<annotations" in begin[:4096]:
        return "XML of CVAT's own", "export the annotations as COCO, YOLO or Pascal VOC"
    lines = begin[:4096].decode(errors="ignore").splitlines()[:3]
    if lines and all(_YOLO.fullmatch(line) for line in lines if line.strip()):
        return "a file of YOLO labels, one box a line", "set format: YOLO, and name the data.yaml that leads to it"
    return None


def _is_json_lines(begin: bytes) -> bool:
    first, _, rest = begin.partition(b"\n")
    if not rest.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False
