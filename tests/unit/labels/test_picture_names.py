import pytest

from darkroom_labels.picture_names import AmbiguousName, PictureBook

KNOWN = (
    ("s3://vision/shop/images/01.png", "images/01.png"),
    ("s3://vision/shop/images/two words.png", "images/two words.png"),
    ("images/03.png",),
    ("left/04.png",),
    ("right/04.png",),
    ("https://host/pictures/05.png?token=secret",),
)


def a_book() -> PictureBook:
    book = PictureBook()
    for addresses in KNOWN:
        book.add(addresses)
    return book


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("s3://vision/shop/images/01.png", 0),
        ("images\\01.png", 0),
        (".\\images\\03.png", 2),
        ("03.png", 2),
        ("C:\\Users\\me\\Pictures\\03.png", 2),
        ("/home/me/fruit/03.png", 2),
        ("/data/upload/7/ab12cd34-03.png", 2),
        ("/data/upload/7/03.png", 2),
        ("../../label-studio/data/media/upload/7/ab12cd34-03.png", 2),
        ("/data/local-files/?d=shop/parts/03.png", 2),
        ("/data/local-files/?d=fruit%2Fimages%2F03.png", 2),
        ("/data/local-files/?d=x/right/04.png", 4),
        ("/data/upload/7/ab12cd34-two_words.png", 1),
        ("IMAGES/03.PNG", 2),
        ("s3://copy/anywhere/03.png", 2),
        ("AmlDatastore://store/fruit/images/03.png", 2),
        ("https://store.example/fruit/two%20words.png?sig=abc", 1),
        ("https://host/pictures/05.png?token=secret", 5),
    ],
)
def test_an_address_of_another_tool_leads_to_the_picture(address: str, number: int) -> None:
    assert a_book().find([address]) == number


@pytest.mark.parametrize(
    "address",
    [
        "09.png",
        "other/03.png",
        "s3://vision/elsewhere/01.png",
        "/data/upload/7/ab12cd34-09.png",
        "ab12cd34-03.png",
        "",
    ],
    ids=["unknown", "of another folder", "of another folder of the bucket", "an upload", "a name as it is", "nothing"],
)
def test_an_address_of_another_picture_leads_nowhere(address: str) -> None:
    assert a_book().find([address]) is None


@pytest.mark.parametrize("address", ["04.png", "/data/upload/7/ab12cd34-04.png", "/data/local-files/?d=x/04.png"])
def test_an_address_that_fits_two_pictures_is_refused_with_both(address: str) -> None:
    with pytest.raises(AmbiguousName, match=r"may be 'left/04.png' and 'right/04.png'"):
        a_book().find([address])


def test_an_own_address_must_be_right_but_for_what_stands_before_it() -> None:
    book = a_book()
    assert book.find_same(["fruit/images/03.png"]) == 2
    assert book.find_same(["s3://any/fruit/images/03.png"]) == 2
    assert book.find_same(["s3://any/03.png"]) == 2
    assert book.find_same(["/home/me/fruit/03.png"]) is None
    assert book.find_same(["s3://other/shop/images/01.png"]) is None
    assert book.find_exact(["fruit/images/03.png"]) is None
    assert book.find_exact(["images/01.png"]) == 0
    assert book.find_exact(["s3://other/shop/images/01.png", "images/01.png"]) is None


def test_a_message_shows_no_query_of_an_address() -> None:
    book = PictureBook()
    for folder in ("a", "b"):
        book.add([f"https://host/{folder}/1.png?sig=secret"])
    with pytest.raises(AmbiguousName) as problem:
        book.find(["1.png"])
    assert "secret" not in str(problem.value)
