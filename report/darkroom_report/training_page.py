"""`report.html` of a Model or an Evaluation.

Owns the order of the sections. Pure: report.json's content in, the file's text out.
"""

from collections.abc import Mapping
from typing import Any

from darkroom_report import data_page, headline, pictures, scores_page, search_page
from darkroom_report.markup import element
from darkroom_report.page import build_page


def render_html(report: Mapping[str, Any]) -> str:
    """Return the page of what `build_report` returned."""
    return build_page(
        f"{report['name']} · Darkroom report",
        headline.render_header(report),
        headline.render_hero(report),
        headline.render_steps(report["nextSteps"]),
        pictures.render_mistakes(report["mistakes"]),
        scores_page.render_tags(report),
        scores_page.render_confusion(report["confusion"]),
        scores_page.render_curves(report),
        search_page.render_search(report),
        data_page.render_label_errors(report["labelErrors"], report["labelErrorCount"]),
        data_page.render_advice(report["advice"]),
        search_page.render_making(report),
        element("footer", "Seconds are charged seconds, those of the reference device. The same as JSON: report.json."),
    )
