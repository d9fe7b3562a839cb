"""`python -m bench.data.listing`: time and memory of listing a million blobs of Azure, and the files of a volume.

Each in a process of its own; the blobs come in pages from a server of this machine. Ends with 1 where memory is over
its bound. Prints one row for each size: memory grows with the names that a Dataset keeps, and for a Prediction, which
keeps its own on disk, not at all.
"""

import functools
import json
import pathlib
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

from bench import side_by_side

MAX_BYTES: Final = 64_000_000
"""Of a listing that keeps no names, beyond what the process had before."""
BLOBS: Final = (10_000, 100_000, 1_000_000)
FILES: Final = 100_000
_BLOB: Final = (
    "<Blob><Name>in/folder {folder}/{at:07d}.jpg</Name><Properties><Creation-Time>Mon, 02 Mar 2026 09:00:00 GMT"
    "</Creation-Time><Last-Modified>Mon, 02 Mar 2026 09:00:00 GMT</Last-Modified><Etag>0x8DE78{at:010d}</Etag>"
    "<Content-Length>{at}</Content-Length><Content-Type>image/jpeg</Content-Type><Content-Encoding />"
    "<Content-Language /><Content-CRC64 /><Content-MD5>1B2M2Y8AsgTpgAmY7PhCfg==</Content-MD5>"
    "<Cache-Control /><Content-Disposition /><BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>"
    "<AccessTierInferred>true</AccessTierInferred><LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted>"
    "</Properties><Metadata /></Blob>"
)


class Pages(BaseHTTPRequestHandler):
    """Answers each call with one page of a container of so many blobs, as Azure does."""

    protocol_version = "HTTP/1.1"

    def __init__(self, count: int, *connection: object) -> None:
        self._count = count
        super().__init__(*connection)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer."""
        asked = parse_qs(urlsplit(self.path).query)
        begin = int(asked.get("marker", ["0"])[0])
        most = int(asked["maxresults"][0])
        end = min(begin + most, self._count)
        blobs = "".join(_BLOB.format(folder=at // 1000, at=at) for at in range(begin, end))
        marker = f"<NextMarker>{end}</NextMarker>" if end < self._count else "<NextMarker />"
        page = f"<MaxResults>{most}</MaxResults><Blobs>{blobs}</Blobs>{marker}"
        body = f'<?xml version="1.0"?><EnumerationResults>{page}</EnumerationResults>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def write_files(folder: pathlib.Path) -> None:
    """Write the files of a volume: half of them in one folder."""
    for at in range(FILES):
        path = folder / ("flat" if at % 2 else f"folder {at // 1000}") / f"{at:07d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def list_once(use: str, place: str, where: str) -> None:
    """List as a Prediction or a Dataset does; prints objects, seconds, CPU seconds, and bytes beyond the beginning."""
    from darkroom_api.endpoints import OWN_MACHINE
    from darkroom_api.run_config import StorageAccess
    from darkroom_storage.objects import Storage
    from darkroom_trainer.data.sources.listing import list_files
    from darkroom_trainer.prediction.prelabelling.candidates import CandidateList, list_folder
    from darkroom_trainer.prediction.prelabelling.labelled import LabelledImages

    endpoint = where if place.startswith("az:") else None
    access = StorageAccess(endpoint=endpoint, volume_dir=where if endpoint is None else None, reach=OWN_MACHINE)
    storage = Storage(access, {})
    began, cpu_began, before = time.monotonic(), time.process_time(), side_by_side.read_peak_bytes()
    if use == "dataset":
        count = len(list_files(storage, place, 1_000_000, lambda _: None).pictures)
    else:
        with tempfile.TemporaryDirectory() as folder:
            listed = CandidateList(pathlib.Path(folder) / "list")
            list_folder(storage, place, LabelledImages([], storage, threading.Event()), None, listed, lambda _: None)
            count = len(listed)
    seconds, cpu_seconds = time.monotonic() - began, time.process_time() - cpu_began
    print(json.dumps([count, seconds, cpu_seconds, side_by_side.read_peak_bytes() - before]))


def measure(use: str, place: str, where: str, count: int) -> bool:
    """Print a row; returns whether a listing that keeps no names is within its bound."""
    listed, seconds, cpu_seconds, num_bytes = side_by_side.run_alone("bench.data.listing", "list", use, place, where)
    assert listed == count
    print(f"{use:>10} {place:>16} {count:10,} {seconds:8.1f} {cpu_seconds:8.1f} {num_bytes / 1e6:8.0f}", flush=True)
    return use == "dataset" or num_bytes <= MAX_BYTES


def measure_blobs(use: str, count: int) -> bool:
    """Measure the listing of a container."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pages, count))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        return measure(use, "az://vision/in/", f"http://127.0.0.1:{server.server_address[1]}/account", count)
    finally:
        server.shutdown()
        server.server_close()


def main(sizes: tuple[int, ...] = BLOBS) -> int:
    """Print the table; returns 1 where memory is over its bound."""
    print(f"{'for a':>10} {'listed':>16} {'objects':>10} {'seconds':>8} {'CPU s':>8} {'MB':>8}")
    good = [measure_blobs(use, count) for use in ("prediction", "dataset") for count in sizes]
    with tempfile.TemporaryDirectory() as folder:
        write_files(pathlib.Path(folder))
        good += [measure(use, "volume:", folder, FILES) for use in ("prediction", "dataset")]
        good.append(measure("prediction", pathlib.Path(folder).as_uri(), folder, FILES))
    print(f"bound of a listing that keeps no names: {MAX_BYTES / 1e6:.0f} MB: {'met' if all(good) else 'NOT met'}")
    return 0 if all(good) else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["list", use, place, where]:
            list_once(use, place, where)
        case sizes:
            sys.exit(main(tuple(map(int, sizes)) or BLOBS))
