"""XML of strangers: events with their lines, and what is refused."""

import pytest

from darkroom_labels.xml_events import XmlProblem, walk


def test_elements_are_told_with_their_lines_and_text() -> None:
    told: list[object] = []
    walk(b"<a>\n<b c='1'>x</b></a>", lambda *event: told.append(event), told.append, told.append)
    assert told == [("a", {}, 1), "\n", ("b", {"c": "1"}, 2), "x", "b", "a"]


@pytest.mark.parametrize(
    ("xml", "says"),
    [
        pytest.param(b"<!DOCTYPE a><a/>", "it declares a document type", id="a document type"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "remove", id="an entity"),
        pytest.param(b"<a>&b;</a>", "it is not XML .*undefined entity", id="an entity that is not declared"),
        pytest.param(b"<a>", "it is not XML", id="no end"),
        pytest.param(b'<?xml version="1.0" encoding="nonsense"?><a/>', "unknown encoding", id="an unknown encoding"),
        pytest.param(b'<?xml version="1.0" encoding="gbk"?><a/>', "multi-byte", id="an encoding of several bytes"),
    ],
)
def test_what_is_not_plain_xml_is_refused(xml: bytes, says: str) -> None:
    with pytest.raises(XmlProblem, match=says):
        walk(xml, lambda *_: None, lambda _name: None)
