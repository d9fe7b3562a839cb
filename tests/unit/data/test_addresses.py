"""Which address of an image counts, and which are refused."""

import pytest

from darkroom_api.v1alpha1.dataset import UrlMapping
from darkroom_trainer.data.coco.addresses import AddressProblem, build_address_book, resolve_address
from darkroom_trainer.data.coco.documents import ImageRecord

BLOB = "https://acc.blob.core.windows.net/c/"
MAPPINGS = (
    UrlMapping(from_prefix="AmlDatastore://store/", to_prefix="s3://vision/"),
    UrlMapping(from_prefix=BLOB, to_prefix="s3://moved/"),
    UrlMapping(from_prefix="http://old/", to_prefix="file:///data/"),
)


def a_record(file_name: str | None = None, absolute: str | None = None, coco: str | None = None) -> ImageRecord:
    return ImageRecord(1, 10.0, 10.0, file_name, absolute, coco)


def resolve(record: ImageRecord, root: str | None = None, annotation_uri: str = "s3://b/f/train.json") -> str:
    return resolve_address(record, build_address_book(annotation_uri, root, MAPPINGS))


@pytest.mark.parametrize(
    ("record", "uri"),
    [
        pytest.param(a_record("a.png"), "s3://b/f/a.png", id="file_name beside the annotation file"),
        pytest.param(a_record("sub/a b.png"), "s3://b/f/sub/a b.png", id="a bucket's key is taken literally"),
        pytest.param(a_record("a.png", "https://x.org/i.png"), "https://x.org/i.png", id="absolute_url comes first"),
        pytest.param(
            a_record("a.png", None, "AmlDatastore://store/i/1.png"), "s3://vision/i/1.png", id="a mapped coco_url"
        ),
        pytest.param(a_record(None, BLOB + "1.png"), "s3://moved/1.png", id="a mapped absolute_url"),
        pytest.param(
            a_record("a.png", "AmlDatastore://other/1.png", "s3://q/2.png"), "s3://q/2.png", id="the readable of two"
        ),
        pytest.param(a_record("a.png", "AmlDatastore://other/1.png"), "s3://b/f/a.png", id="unmapped, so file_name"),
        pytest.param(a_record("a.png", "gs://g/1.png"), "s3://b/f/a.png", id="a foreign scheme, so file_name"),
        pytest.param(a_record(None, "http://old/1.png"), "file:///data/1.png", id="mapped to a local folder"),
        pytest.param(a_record("a.png", "file:///etc/passwd"), "s3://b/f/a.png", id="a local file that nobody mapped"),
        pytest.param(a_record("..a/b..png"), "s3://b/f/..a/b..png", id="dots inside names"),
    ],
)
def test_the_first_readable_address_counts(record: ImageRecord, uri: str) -> None:
    assert resolve(record) == uri


@pytest.mark.parametrize(
    ("root", "annotation_uri", "uri"),
    [
        pytest.param("s3://i/root/", "s3://b/t.json", "s3://i/root/a b.png", id="imageRoot with a slash"),
        pytest.param(None, "s3://b/t.json", "s3://b/a b.png", id="a file at the top of its bucket"),
        pytest.param(None, "https://h/f/t.json?sig=1", "https://h/f/a%20b.png?sig=1", id="a token for the folder"),
        pytest.param("https://h/i", "s3://b/t.json", "https://h/i/a%20b.png", id="an https root is quoted"),
        pytest.param(None, "file:///d/t.json", "file:///d/a%20b.png", id="a local folder is quoted"),
    ],
)
def test_file_names_are_looked_up_in_their_root(root: str | None, annotation_uri: str, uri: str) -> None:
    assert resolve(a_record("a b.png"), root, annotation_uri) == uri


@pytest.mark.parametrize(
    ("record", "says"),
    [
        pytest.param(a_record("../a.png"), "leaves its folder", id="climbing"),
        pytest.param(a_record("a/../../b.png"), "leaves its folder", id="climbing inside"),
        pytest.param(a_record("a\\..\\b.png"), "leaves its folder", id="climbing the Windows way"),
        pytest.param(a_record("/etc/passwd"), "is absolute", id="absolute"),
        pytest.param(a_record("\\\\host\\share"), "is absolute", id="a network share"),
        pytest.param(a_record("C:\\a.png"), "is absolute", id="a drive"),
        pytest.param(a_record("a\0.png"), "NUL", id="NUL"),
        pytest.param(a_record(" "), "blank", id="blank"),
        pytest.param(a_record("https://x/a.png"), "put it into absolute_url", id="a URL as file_name"),
        pytest.param(
            a_record(None, "AmlDatastore://store/../../x"), "leaves its folder", id="climbing out of a mapping"
        ),
        pytest.param(a_record(None, "http://old/%2e%2e/x"), "leaves its folder", id="climbing in disguise"),
        pytest.param(
            a_record(None, "AmlDatastore://other/1.png"), "add AmlDatastore://other/ to urlMappings", id="not mapped"
        ),
        pytest.param(a_record(None, None, "http://h:1/a.png"), "add http://h:1/ to urlMappings", id="plain http"),
        pytest.param(a_record(None, "nonsense"), "is not a URL and there is no file_name", id="no URL at all"),
    ],
)
def test_hostile_and_unreadable_addresses_are_refused(record: ImageRecord, says: str) -> None:
    with pytest.raises(AddressProblem, match=says):
        resolve(record)
