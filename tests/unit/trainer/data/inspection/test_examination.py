"""Names as the tools of the field write them are found; what is missing is told by its cause."""

import json
import pathlib
import unicodedata
from typing import Any

import pytest
from PIL import Image

from darkroom_api.run_config import StorageAccess
from darkroom_api.v1alpha1.dataset import UrlMapping
from darkroom_storage.objects import Storage
from darkroom_trainer.data.inspection.examination import Examination, examine_dataset
from darkroom_trainer.runtime.errors import RunError
from tests.local_storage import LOCAL
from tests.support.coco_builders import Coco, a_coco, a_scene, a_source, an_annotation, an_image

NFC, NFD = (unicodedata.normalize(form, "img/boîte-é.png") for form in ("NFC", "NFD"))
BLOB = "https://acc.blob.core.windows.net/shop/"


@pytest.fixture(params=["s3", "file"])
def folder(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    return f"s3://vision/{tmp_path.name}/my shop" if request.param == "s3" else (tmp_path / "my shop").as_uri()


def write(storage: Storage, folder: str, coco: Coco, files: dict[str, bytes]) -> str:
    """Write an annotation file with a blank in its name, and files; return its address."""
    for name, data in {**files, "train 1.json": json.dumps(coco).encode()}.items():
        quoted = name.replace("%", "%25") if folder.startswith("file:") else name
        storage.write_bytes(f"{folder}/{quoted}", data)
    return f"{folder}/train 1.json"


def examine(uri: str, access: StorageAccess, **fields: Any) -> Examination:
    source = a_source(uri, storage=access, **fields)
    return examine_dataset(source, None, lambda _done, _total: None, stop_at_annotations=False)


def a_dataset(*names: str, **fields: object) -> Coco:
    """Return one image for each name, each with a relative box of both tags."""
    images = [{**an_image(number, file_name=name), **fields} for number, name in enumerate(names)]
    boxes = [an_annotation(2 * n + tag, image_id=n, category_id=tag + 1) for n in range(len(names)) for tag in (0, 1)]
    return a_coco(images=images, annotations=boxes)


def tell(examination: Examination) -> list[str]:
    return [f"{told.subject}: {told.message}" for told in (cause.tell() for cause in examination.findings.causes)]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        pytest.param("./img//a.png", "img/a.png", id="dots and slashes that mean nothing"),
        pytest.param("img\\a.png", "img/a.png", id="the separators of Windows"),
        pytest.param(NFC, NFD, id="composed letters of decomposed ones"),
        pytest.param(NFD, NFC, id="decomposed letters of composed ones"),
        pytest.param("img/a%20b.png", "img/a b.png", id="a name that is percent-encoded"),
        pytest.param("img/a%20b.png", "img/a%20b.png", id="a file that is called like that"),
        pytest.param("img/my a.png", "img/my a.png", id="a blank"),
        pytest.param("img/a#1?.png", "img/a#1?.png", id="what means something in a URL"),
    ],
)
def test_an_image_is_found_by_its_name(
    storage: Storage, access: StorageAccess, folder: str, written: str, stored: str
) -> None:
    uri = write(storage, folder, a_dataset(written), {stored: a_scene(1)})
    examination = examine(uri, access)
    assert tell(examination) == []
    [image] = examination.catalog.images
    assert image.uri is not None
    assert storage.read_bytes(image.uri) == a_scene(1)
    assert examination.checked[0] is not None


@pytest.mark.parametrize(
    ("fields", "beginning"),
    [
        pytest.param({"absolute_url": BLOB + "my%20img/a.png?sig=s"}, BLOB, id="a signed URL, percent-encoded"),
        pytest.param({"file_name": "../../upload/7/my img\\a.png"}, "../../upload/7/", id="a path of a labelling tool"),
        pytest.param({"file_name": "D:\\out\\my img\\a.png"}, "D:\\out\\", id="a path of Windows"),
        pytest.param(
            {"absolute_url": "https://photos.test/a.png", "coco_url": "store://x/my img/a.png"}, "store://x/",
            id="the mapped one of two addresses",
        ),
    ],
)  # fmt: skip
def test_an_image_is_found_through_a_mapping(
    storage: Storage, access: StorageAccess, folder: str, fields: Coco, beginning: str
) -> None:
    uri = write(storage, folder, a_dataset("elsewhere.png", **fields), {"my img/a.png": a_scene(1)})
    mapping = UrlMapping(from_prefix=beginning, to_prefix=f"{folder}/")
    assert tell(examine(uri, access, url_mappings=(mapping,))) == []


def test_a_local_run_reads_files_below_the_manifest(tmp_path: pathlib.Path) -> None:
    access, storage = LOCAL, Storage(LOCAL, {})
    coco = a_dataset("elsewhere.png", absolute_url="file:img/a.png")
    uri = write(storage, tmp_path.as_uri(), coco, {"img/a.png": a_scene(1)})
    assert tell(examine(uri, access, local_roots=(tmp_path.as_uri(),))) == []
    [told] = tell(examine(uri, access))
    assert "/elsewhere.png does not exist" in told
    assert told.endswith("; its address 'file:img/a.png' is passed over: no entry of urlMappings has its beginning")


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        pytest.param("IMG/{}.PNG", "but 'IMG/0.PNG' does: capital letters count; give both", id="case"),
        pytest.param("{}.png", "'0.png' is there: name '", id="another folder"),
        pytest.param("img/{}.jpeg", "but '0.jpeg' does; fix the ending", id="another ending"),
    ],
)
def test_a_cause_of_many_missing_images_is_told_once(
    storage: Storage, access: StorageAccess, folder: str, stored: str, says: str
) -> None:
    names = [f"img/{number}.png" for number in range(30)]
    files = {stored.format(number): a_scene(number) for number in range(29)}
    first, second = tell(examine(write(storage, folder, a_dataset(*names), files), access))
    assert first.startswith("train 1.json image 0 (img/0.png) and 28 more: image ")
    assert says in first
    assert second.startswith("train 1.json image 29 (img/29.png): image ")


def test_one_file_in_two_spellings_is_told(storage: Storage, access: StorageAccess, folder: str) -> None:
    uri = write(storage, folder, a_dataset("img/a.png", "img\\a.png"), {"img/a.png": a_scene(1)})
    [told] = tell(examine(uri, access))
    assert told.startswith("train 1.json image 1 (img\\a.png): is the same file as 'train 1.json image 0 (img/a.png)'")


def test_images_inside_a_zip_are_said_to_be(storage: Storage, access: StorageAccess, folder: str) -> None:
    coco = a_dataset("1.png", "2.png", zip_file="images.zip")
    [told] = tell(examine(write(storage, folder, coco, {"images.zip": b"PK"}), access))
    assert "and 1 more" in told
    assert "its zip_file 'images.zip' is not read: unpack it" in told
    [told] = tell(examine(write(storage, folder, a_dataset("images.zip@1.png"), {}), access))
    assert "does not exist: pictures inside an archive are not read; unpack 'images.zip'" in told


def lie(picture: Image.Image, path: pathlib.Path) -> None:
    """Write a picture as a phone does: stored lying, with an EXIF block that stands it up."""
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)


def test_sizes_before_the_turn_by_exif_are_told_without_their_consequences(tmp_path: pathlib.Path) -> None:
    numbers = range(4)
    images = [an_image(number, width=100, height=60, file_name=f"{number}.jpg") for number in numbers]
    boxes = [an_annotation(number, image_id=number, bbox=[5, 70, 20, 20]) for number in numbers]
    for number in numbers:
        lie(Image.new("RGB", (60, 100), (number, 99, 7)), tmp_path / f"{number}.jpg")
    (tmp_path / "t.json").write_text(json.dumps(a_coco(images=images, annotations=boxes)))
    examination = examine((tmp_path / "t.json").as_uri(), LOCAL)
    [told] = tell(examination)
    assert told.startswith("t.json image 0 (0.jpg) and 3 more: is declared as 100 x 60 but is 60 x 100 pixels")
    assert "its EXIF block turns it" in told
    assert "write 60 and 100" in told
    assert examination.findings.problem_count == 4


def test_boxes_that_look_like_percent_are_told_without_their_consequences(tmp_path: pathlib.Path) -> None:
    sizes = [(640, 480)] * 7 + [(80, 60)]
    images = [an_image(n, width=w, height=h, file_name=f"{n}.png") for n, (w, h) in enumerate(sizes)]
    boxes = [an_annotation(n, image_id=n, bbox=[75, 40, 15, 5]) for n in range(len(sizes))]
    for number, size in enumerate(sizes):
        (tmp_path / f"{number}.png").write_bytes(a_scene(number, *size))
    (tmp_path / "t.json").write_text(json.dumps(a_coco(images=images, annotations=boxes)))
    examination = examine((tmp_path / "t.json").as_uri(), LOCAL)
    [told] = tell(examination)
    assert "so they look like percent" in told
    assert "tinyBox" not in examination.findings.advice_counts


def test_a_tag_without_images_is_not_told_beside_its_cause(tmp_path: pathlib.Path) -> None:
    coco = a_coco(annotations=[an_annotation(1), an_annotation(2, image_id=77, category_id=2)])
    for number in (1, 2):
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / f"images/{number}.png").write_bytes(a_scene(number))
    (tmp_path / "t.json").write_text(json.dumps(coco))
    examination = examine((tmp_path / "t.json").as_uri(), LOCAL)
    assert "image_id 77 is not in images" in tell(examination)[0]
    assert "rareTag" not in examination.findings.advice_counts


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param("/Train 1.JSON", "but 'train 1.json' does: capital letters count", id="another case"),
        pytest.param("/", "is a folder; annotationFiles names COCO files", id="a folder"),
        pytest.param("", "It holds 'ann/instances.json': name the file", id="a folder without its slash"),
        pytest.param("/instances.json", "'ann/instances.json' is there", id="a file further down"),
    ],
)
def test_an_annotation_file_that_is_not_there_is_told_with_what_is(
    storage: Storage, access: StorageAccess, folder: str, given: str, says: str
) -> None:
    write(storage, folder, a_dataset("1.png"), {"ann/instances.json": b"{}"})
    with pytest.raises(RunError) as error:
        examine(folder + given, access)
    assert says in error.value.message
    assert "imageRoot" not in error.value.message
