"""Which picture a file of labels is about, by the name that it gives and by its own. Pure. Must not do: I/O."""

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

_MAX_ALIKE: Final = 1_000
"""Pictures of one name that a folder of the labels may have in common with; a folder of more tells nothing."""


class PictureNames:
    """The pictures of a folder, by their paths there."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._of_base: defaultdict[str, _Alike] = defaultdict(_Alike)
        self._of_stem: defaultdict[str, _Alike] = defaultdict(_Alike)
        for path in paths:
            base = posixpath.basename(path)
            self._of_base[base].add(path)
            self._of_stem[posixpath.splitext(base)[0]].add(path)

    def find(self, given: str, label_path: str) -> str | None:
        """Return the path of the picture that labels give as `given` ("" for nothing) and lie at `label_path`.

        That with the given name comes first, then one with its beginning, since some leave the ending out, then one
        with the labels' own. Of several, it is the one in the folders that have most in common with the labels'.
        """
        base = posixpath.basename(given.replace("\\", "/"))
        own = posixpath.splitext(posixpath.basename(label_path))[0]
        for known, name in (
            (self._of_base, base),
            (self._of_stem, base),
            (self._of_stem, posixpath.splitext(base)[0]),
            (self._of_stem, own),
        ):
            if name and name in known:
                return known[name].find_nearest(label_path)
        return None


class _Alike:
    """Pictures of one name. Each name may be asked for as often as there are pictures, so not all are looked at."""

    def __init__(self) -> None:
        self._paths: list[str] = []
        self._below: defaultdict[str, list[int]] | None = None

    def add(self, path: str) -> None:
        self._paths.append(path)

    def find_nearest(self, label_path: str) -> str:
        """Return the first of those that have most folders in common with the labels."""
        if len(self._paths) == 1:
            return self._paths[0]
        if self._below is None:
            self._below = defaultdict(list)
            for place, path in enumerate(self._paths):
                for folder in _list_folders(path):
                    self._below[folder].append(place)
        common: Counter[int] = Counter()
        for folder in _list_folders(label_path):
            places = self._below.get(folder, [])
            if len(places) <= _MAX_ALIKE:
                common.update(places)
        return self._paths[min(common, key=lambda place: (-common[place], place), default=0)]


def _list_folders(path: str) -> set[str]:
    return set(posixpath.dirname(path).split("/"))
