"""The environment of all templates: every text is escaped, and what a template is not given is an error.

Owns escaping, the style sheet and what templates may call. Must not know what a page says.
"""

import base64
import functools
import hashlib
import pathlib
import re
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from darkroom_report import charts, numbers, titles
from darkroom_report.matrix import draw_matrix
from darkroom_report.pictures import draw_boxes
from darkroom_report.texts import shorten, show_setting, split_words

TEMPLATES: Final = pathlib.Path(__file__).parent / "templates"
STYLE_SHEET: Final = (TEMPLATES / "style.css").read_text(encoding="utf-8")
_STYLE_SHEET_SHA256: Final = base64.b64encode(hashlib.sha256(STYLE_SHEET.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_SHEET_SHA256}'; img-src data:; base-uri 'none'; form-action 'none'"
)
"""Should an escape ever fail, there is still nothing that a report could run, load or send."""
_UNSHOWABLE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""What no page may hold, and what would turn the writing direction of the text around it."""
FILTERS: Final = (
    numbers.show_count,
    numbers.show_score,
    numbers.show_seconds,
    numbers.show_share,
    shorten,
    show_setting,
    split_words,
)
FUNCTIONS: Final = (numbers.count, numbers.show_tick_ratio, draw_boxes, draw_matrix)


@functools.cache
def build_environment(*folders: pathlib.Path) -> Environment:
    """Return an environment that reads templates of `folders`, and the shared ones beside this module."""
    environment = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({function.__name__: function for function in FILTERS})
    environment.globals.update({function.__name__: function for function in FUNCTIONS})
    environment.globals.update(charts=charts, titles=titles, policy=POLICY, style_sheet=Markup(STYLE_SHEET))
    return environment


def render(environment: Environment, template: str, **content: Any) -> str:
    """Return a page, with a mark in the place of each character that cannot be shown."""
    return _UNSHOWABLE.sub("\ufffd", environment.get_template(template).render(content))
