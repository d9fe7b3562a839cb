"""XML of strangers as a stream of events: its parser takes no document type, so no entity.

Pure. Must not do: I/O, or know what the elements mean.
"""

from collections.abc import Callable
from xml.parsers import expat

Begin = Callable[[str, dict[str, str], int], None]
"""Takes the name of an element that begins, its attributes, and its line, from 1."""


class XmlProblem(ValueError):
    """The text says what is wrong with the XML and what to do."""


def walk(
    xml: bytes,
    begin: Begin,
    end: Callable[[str], None],
    text: Callable[[str], None] | None = None,
    encoding: str | None = None,
) -> None:
    """Tell of each element and, in parts, of the text within; raises XmlProblem.

    `encoding` counts before what the XML declares.
    """
    parser = expat.ParserCreate(encoding)

    def begin_at_line(name: str, attributes: dict[str, str]) -> None:
        begin(name, attributes, parser.CurrentLineNumber)

    def refuse(*_: object) -> None:
        raise XmlProblem(
            "it declares a document type, where entities are defined, which is not read; remove <!DOCTYPE ...>"
        )

    parser.StartElementHandler, parser.EndElementHandler = begin_at_line, end
    parser.StartDoctypeDeclHandler = refuse
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(xml, True)
    except XmlProblem:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:  # the last two of an encoding that expat lacks
        raise XmlProblem(f"it is not XML in UTF-8 or UTF-16 ({error})") from error
