"""Which folders are classes."""

from darkroom_trainer.data.formats.class_folders import list_nested, sort_into_classes


def test_images_are_sorted_by_the_folder_that_they_are_in() -> None:
    found = sort_into_classes(["b/2.jpg", "a/1.jpg", "c.jpg", "a/x/3.jpg"])
    assert (found.images, found.beside, found.deeper) == (
        {"a": ["a/1.jpg"], "b": ["b/2.jpg"]},
        ["c.jpg"],
        ["a/x/3.jpg"],
    )
    assert list_nested(found.deeper) == {"a/x": ["a/x/3.jpg"]}


def test_splits_are_no_classes_where_all_folders_are_some() -> None:
    assert sort_into_classes(["Train/a/1.jpg", "val/a/1.jpg"]).find_splits() == ["Train", "val"]
    assert sort_into_classes(["train/1.jpg", "plane/1.jpg"]).find_splits() == []
