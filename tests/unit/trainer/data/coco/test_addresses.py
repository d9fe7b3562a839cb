"""Which address of an image counts, and which are refused."""

import unicodedata

import pytest

from darkroom_api.v1alpha1.dataset import UrlMapping
from darkroom_trainer.data.coco.addresses import Address, build_address_book, find_folder, resolve_address
from darkroom_trainer.data.coco.documents import ImageRecord
from darkroom_trainer.data.naming.refusals import AddressProblem

BLOB = "https://acc.blob.core.windows.net/c/"
MAPPINGS = (
    UrlMapping(from_prefix="AmlDatastore://store/", to_prefix="s3://vision/"),
    UrlMapping(from_prefix=BLOB, to_prefix="s3://moved/"),
    UrlMapping(from_prefix="http://old/", to_prefix="file:///data/"),
    UrlMapping(from_prefix="../../tool/upload/", to_prefix="s3://vision/upload/"),
    UrlMapping(from_prefix="/local-files/?d=shop/", to_prefix="file:///my%20data/"),
    UrlMapping(from_prefix="D:\\export", to_prefix="s3://vision"),
    UrlMapping(from_prefix="https://moved.org/", to_prefix="https://h/new?sig=1"),
    UrlMapping(from_prefix="gcs://", to_prefix="s3://"),
    UrlMapping(from_prefix="http://", to_prefix="https://"),
    UrlMapping(from_prefix="store://", to_prefix="volume:/stores/"),
    UrlMapping(from_prefix="gone://", to_prefix="gs://nobody/"),
)
LOCAL_ROOTS = ("file:///home/kim/link", "file:///home/kim/shop")
NFC, NFD = (unicodedata.normalize(form, "boîte.png") for form in ("NFC", "NFD"))


def a_record(file_name: str | None = None, absolute: str | None = None, coco: str | None = None) -> ImageRecord:
    return ImageRecord(1, 10.0, 10.0, file_name, absolute, coco)


def find(record: ImageRecord, root: str | None = None, annotation_uri: str = "s3://b/f/train.json") -> Address:
    return resolve_address(record, build_address_book(root or find_folder(annotation_uri), MAPPINGS, LOCAL_ROOTS))


def resolve(record: ImageRecord, root: str | None = None, annotation_uri: str = "s3://b/f/train.json") -> str:
    return find(record, root, annotation_uri).uris[0]


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
        pytest.param(a_record(BLOB + "a.png", "https://x.org/i.png"), "s3://moved/a.png",
                     id="a mapped file_name before an unmapped absolute_url"),
        pytest.param(a_record(None, "https://x.org/i.png", BLOB + "a.png"), "s3://moved/a.png",
                     id="a mapped coco_url before an unmapped absolute_url"),
        pytest.param(a_record(None, "gcs://store/a.png"), "s3://store/a.png", id="another kind of bucket address"),
        pytest.param(a_record(None, "http://x.org/a.png"), "https://x.org/a.png", id="plain http mapped to https"),
        pytest.param(a_record("a.png", "store://7/a.png"), "volume:stores/7/a.png", id="mapped to a volume"),
        pytest.param(a_record("a.png", "volume:in/b.png"), "volume:in/b.png", id="an address of the volume itself"),
        pytest.param(a_record("a.png", "volume:/in//b%20c.png"), "volume:in/b%20c.png",
                     id="one spelling of an address of the volume, which is taken literally"),
        pytest.param(a_record("a.png", "gone://x/a.png"), "s3://b/f/a.png", id="mapped to what cannot be read"),
        pytest.param(a_record("../../tool/upload/7/a.png"), "s3://vision/upload/7/a.png", id="a mapped path upwards"),
        pytest.param(a_record("/local-files/?d=shop/a b.png"), "file:///my%20data/a%20b.png",
                     id="a mapped path of another machine"),
        pytest.param(a_record(None, BLOB + "my%20folder/a.png?sv=1&sig=s"), "s3://moved/my folder/a.png",
                     id="a mapped URL is decoded, and its query is no name"),
        pytest.param(a_record(None, "AmlDatastore://store/50%20.png"), "s3://vision/50%20.png",
                     id="what is no URL is taken as it is"),
        pytest.param(a_record(None, "http://old/a%20%C3%A9.png"), "file:///data/a%20%C3%A9.png",
                     id="a mapped URL in a local folder"),
        pytest.param(a_record(None, "https://moved.org/a%20b.png?x=1"), "https://h/newa%20b.png?sig=1",
                     id="the token of the new place stays last"),
        pytest.param(a_record("./sub//a.png"), "s3://b/f/sub/a.png", id="dots and slashes that mean nothing"),
        pytest.param(a_record(None, "file:img/a.png"), "file:///home/kim/link/img/a.png",
                     id="a file beside the manifest"),
        pytest.param(a_record("b.png", "file:///home/kim/shop/img/a.png"), "file:///home/kim/shop/img/a.png",
                     id="a file below the manifest's folder before file_name"),
        pytest.param(a_record(None, "file://localhost/home/kim/shop/a%20b.png"), "file:///home/kim/shop/a%20b.png",
                     id="this machine by name"),
        pytest.param(a_record("a.png", "file:///home/kim/shopping/a.png"), "s3://b/f/a.png",
                     id="a file in a folder whose name begins alike"),
        pytest.param(a_record("a.png", "file://server/home/kim/shop/a.png"), "s3://b/f/a.png",
                     id="a file of another machine"),
    ],
)  # fmt: skip
def test_the_first_readable_address_counts(record: ImageRecord, uri: str) -> None:
    assert resolve(record) == uri


@pytest.mark.parametrize(
    ("record", "uris"),
    [
        pytest.param(a_record("i/a.png"), ("s3://b/f/i/a.png",), id="a plain name has one spelling"),
        pytest.param(a_record("i//a.png"), ("s3://b/f/i/a.png", "s3://b/f/i//a.png"), id="a key may hold two slashes"),
        pytest.param(a_record("i\\a.png"), ("s3://b/f/i\\a.png", "s3://b/f/i/a.png"), id="Windows separators"),
        pytest.param(a_record("D:\\export\\a.png"), ("s3://vision/\\a.png", "s3://vision/a.png"),
                     id="Windows separators behind a mapping"),
        pytest.param(a_record("D:\\export.other/a.png"), ("s3://vision/.other/a.png",),
                     id="no name makes another bucket"),
        pytest.param(a_record(NFC), (f"s3://b/f/{NFC}", f"s3://b/f/{NFD}"), id="Unicode forms"),
        pytest.param(a_record(None, BLOB + "a%2Bb.png"), ("s3://moved/a+b.png", "s3://moved/a%2Bb.png"),
                     id="decoded, then as it is"),
        pytest.param(a_record(None, "s3://q/a%20b//c.png"),
                     ("s3://q/a%20b//c.png", "s3://q/a%20b/c.png", "s3://q/a b/c.png"),
                     id="an address of a bucket counts as it is first"),
        pytest.param(a_record(None, f"https://x.org/{NFC}"), (f"https://x.org/{NFC}",), id="a URL has one spelling"),
    ],
)  # fmt: skip
def test_the_spellings_of_one_address_are_tried_in_order(record: ImageRecord, uris: tuple[str, ...]) -> None:
    assert find(record).uris == uris


def test_an_address_that_is_passed_over_is_told() -> None:
    assert find(a_record("a.png")).hint == ""
    hint = find(a_record("a.png", "azureml://store/a.png")).hint
    assert hint == "its address 'azureml://store/a.png' is passed over: no entry of urlMappings has its beginning"


@pytest.mark.parametrize(
    ("root", "annotation_uri", "uri"),
    [
        pytest.param("s3://i/root/", "s3://b/t.json", "s3://i/root/a b.png", id="imageRoot with a slash"),
        pytest.param(None, "s3://b/t.json", "s3://b/a b.png", id="a file at the top of its bucket"),
        pytest.param(None, "https://h/f/t.json?sig=1", "https://h/f/a%20b.png?sig=1", id="a token for the folder"),
        pytest.param("https://h/i", "s3://b/t.json", "https://h/i/a%20b.png", id="an https root is quoted"),
        pytest.param(None, "file:///d/t.json", "file:///d/a%20b.png", id="a local folder is quoted"),
        pytest.param(None, "volume:train.json", "volume:a b.png", id="a file at the root of a claim"),
        pytest.param(None, "volume:/d/t.json", "volume:d/a b.png", id="a file in a folder of a claim"),
        pytest.param("volume:/", "s3://b/t.json", "volume:a b.png", id="the root of a claim"),
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
        pytest.param(a_record("%2e%2e/a.png"), "leaves its folder", id="a name that climbs once it is decoded"),
        pytest.param(a_record(None, BLOB + "%252e%252e/x"), "leaves its folder", id="climbing in a double disguise"),
        pytest.param(a_record("../../tool/upload/../../x"), "leaves its folder", id="climbing behind a mapping"),
        pytest.param(a_record(None, "file:../x.png"), "leaves its folder", id="climbing from the manifest's folder"),
        pytest.param(a_record(None, "file:///home/kim/shop/../x"), "leaves its folder", id="climbing in a local file"),
        pytest.param(a_record(None, "file:///home/kim/x.png"), "below the manifest's folder only, or map its beginning",
                     id="a local file elsewhere"),
        pytest.param(
            a_record(None, "AmlDatastore://other/1.png"), "add AmlDatastore://other/ to urlMappings", id="not mapped"
        ),
        pytest.param(a_record(None, None, "ftp://h:1/a.png"), "add ftp://h:1/ to urlMappings", id="a foreign scheme"),
        pytest.param(a_record(None, "volume:a/../../x"), "leaves its folder", id="climbing in a volume"),
        pytest.param(a_record(None, "store://../x"), "leaves its folder", id="climbing behind a mapping to a volume"),
        pytest.param(a_record(None, f"volume:{'x' * 256}"), "more than 255 bytes", id="a name that no volume takes"),
        pytest.param(a_record(None, "nonsense"), "is not a URL and there is no file_name", id="no URL at all"),
    ],
)  # fmt: skip
def test_hostile_and_unreadable_addresses_are_refused(record: ImageRecord, says: str) -> None:
    with pytest.raises(AddressProblem, match=says):
        resolve(record)
