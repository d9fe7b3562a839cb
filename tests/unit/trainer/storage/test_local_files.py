"""What reading files costs."""

import pathlib
import tracemalloc

from darkroom_api.run_config import StorageAccess
from darkroom_trainer.storage.objects import open_storage


def test_a_small_file_needs_little_memory_whatever_the_limit(tmp_path: pathlib.Path) -> None:
    (tmp_path / "small").write_bytes(bytes(1000))
    opened = open_storage(StorageAccess())
    opened.read_bytes((tmp_path / "small").as_uri())
    tracemalloc.start()
    opened.read_bytes((tmp_path / "small").as_uri())
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 2**20
