"""The HTML pages of a report, drawn from the JSON of `report.json` and `inspection.json`.

Owns markup, plots and the style sheet. Needs jinja2 and the standard library; must not compute scores.
"""
