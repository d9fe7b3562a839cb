"""What a Dataset's annotation files say, whatever their format and however many there are."""

import pathlib

from darkroom_storage.objects import open_storage
from darkroom_trainer.data.records.findings import Findings
from darkroom_trainer.data.sources.catalogs import read_catalog
from tests.support.coco_builders import a_source, shown, write_dataset
from tests.unit.trainer.label_folders import a_label_source, read_labels, write_files


def test_folders_of_several_entries_are_merged_by_the_names_of_their_tags(tmp_path: pathlib.Path) -> None:
    write_files(tmp_path, dict.fromkeys(("one/nut/1.jpg", "one/bolt/2.jpg", "two/nut/3.jpg"), b"not read here"))
    catalog, findings, _ = read_labels(a_label_source("Folders", tmp_path, "one/", "two/"))
    assert (catalog.tags, shown(findings)) == (("bolt", "nut"), [])
    assert [(image.subject, image.labels) for image in catalog.images] == [
        ("one image bolt/2.jpg", (0,)),
        ("one image nut/1.jpg", (1,)),
        ("two image nut/3.jpg", (1,)),
    ]


def test_a_coco_file_is_read_where_no_format_is_named(tmp_path: pathlib.Path) -> None:
    source, hashes = a_source(write_dataset(tmp_path)), list[bytes]()
    catalog = read_catalog(open_storage(source.storage), source, Findings(), hashes, lambda _count: None)
    assert (len(catalog.images), len(hashes)) == (2, 1)


def test_the_listing_and_the_reading_are_counted_as_they_go(tmp_path: pathlib.Path) -> None:
    write_files(tmp_path, {"data.yaml": "train: .\nnames: [a]", "1.jpg": b"", "1.txt": "0 .5 .5 .1 .1"})
    source, counts = a_label_source("YOLO", tmp_path, "data.yaml"), list[int]()
    read_catalog(open_storage(source.storage), source, Findings(), [], counts.append)
    assert counts == [1, 2, 3, 1]
