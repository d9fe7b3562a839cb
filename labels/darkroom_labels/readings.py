"""What one file of labels says, whichever tool wrote it. Must not do: anything but hold it."""

from dataclasses import dataclass

from darkroom_labels.coco_labels import LabelledImage


@dataclass(frozen=True)
class ReadImage:
    """An image of a file: `place` names it in messages, such as `task 7 (01.png)`.

    `is_own`: its addresses are Darkroom's own, in a file that tells of a review or in a task that carried them along.
    """

    place: str
    image: LabelledImage
    is_own: bool = False


@dataclass(frozen=True)
class Reading:
    """A file called `name`. `tags` are in the order of their ids; `notes` tell what was not taken as it is written.

    `lists_pictures`: it tells of a review, so it names pictures whether or not anybody has labelled them.
    """

    name: str
    tags: tuple[str, ...]
    images: tuple[ReadImage, ...]
    notes: tuple[str, ...] = ()
    lists_pictures: bool = False


def list_some(names: list[str], most: int = 10) -> str:
    """Return names in one line, the first ones where they are many."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
