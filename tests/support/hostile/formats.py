"""What a stranger may put into labels of YOLO and Pascal VOC: a part of the table of hostile input."""

import pathlib
from typing import Final

from darkroom_api.v1alpha1.dataset import AnnotationFormat
from tests.support.hostile.cases import Case

_LAUGHS: Final = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))
_ENTITIES: Final = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'


def _yolo(index: str, says: str, labels: str = "", **fields: str) -> Case:
    """Return the case of a data.yaml, with labels of picture 2."""

    def arrange(folder: pathlib.Path) -> None:
        (folder / "labels").mkdir()
        for number in range(1, 11):
            (folder / f"labels/{number}.txt").write_text(f"{number % 2} 0.5 0.5 0.2 0.4\n")
        if labels:
            (folder / "labels/2.txt").write_text(labels)
        (folder / "data.yaml").write_text(index)
        for name, text in fields.items():
            (folder / f"{name}.txt").write_text(text)

    return Case(says=says, arrange=arrange, other=(AnnotationFormat.YOLO, "data.yaml"))


def _voc(text: str, says: str) -> Case:
    def arrange(folder: pathlib.Path) -> None:
        (folder / "xml").mkdir()
        (folder / "xml/2.xml").write_text(text)

    return Case(says=says, arrange=arrange, other=(AnnotationFormat.PASCAL_VOC, "xml/"))


_INDEX: Final = "train: images\nnames: [apple, pear]\n"
OTHER_FORMATS: Final = {
    "a `data.yaml` of aliases of aliases": _yolo(
        f"l0: &l0 [a]\n{_LAUGHS}train: images\nnames: [*l11]\n", "names must give a text for each class number"
    ),
    "an alias of itself": _yolo(f"{_INDEX}l: &l [*l]\n", "is not YAML: found unconstructable recursive node"),
    "a tag that would run a command": _yolo(
        "train: images\nnames: !!python/object/apply:os.system [id]\n", "class 1 is not in names of data.yaml"
    ),
    "YAML nested 5,000 levels deep": _yolo(f"{_INDEX}l: {'[' * 5_000}", "is not YAML"),
    "a `data.yaml` of 2 MiB": _yolo(_INDEX + "#" * (2 << 20), "a data.yaml at most 1,048,576"),
    "a folder of images that climbs": _yolo(
        "train: images/../../etc\nnames: [apple]\n", "which is not below the folder of data.yaml"
    ),
    "a name in a list that climbs": _yolo(
        "train: t.txt\nnames: [apple, pear]\n", "leaves its folder with ..", t="images/1.png\n../../etc/passwd\n"
    ),
    "a line of labels with NaN": _yolo(_INDEX, "holds a number that is not finite", "0 nan 0.5 0.1 0.1\n"),
    "a hundred thousand words that are no labels": _yolo(_INDEX, "must be numbers", "words\n" * 100_000),
    "a file of labels of 5 MiB": _yolo(_INDEX, "is larger than a file of labels", "0 0.5 0.5 0.2 0.4\n" * 300_000),
    "entities in Pascal VOC": _voc(f"{_ENTITIES}<annotation>&b;</annotation>", "it declares a document type"),
    "Pascal VOC nested 100 levels deep": _voc(
        "<annotation>" + "<a>" * 100, "xml/2.xml: line 1 is more than 64 elements deep"
    ),
    "a `filename` that climbs": _voc(
        "<annotation><filename>../../etc/passwd</filename></annotation>", "leaves its folder with .."
    ),
}
