"""The result of an examination in words and counts. Pure. Must not do: I/O."""

import itertools
from collections.abc import Sequence
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.dataset import DatasetSummary, Problem
from darkroom_trainer.data.inspection.examination import Examination
from darkroom_trainer.data.records.findings import Advice, Issue
from darkroom_trainer.runtime.errors import RunError

_SHOWN_TAGS: Final = 100
_SHOWN_PROBLEMS: Final = 10
_SHOWN_ADVICE: Final = 10
_MAX_MESSAGE: Final = 900


def summarise(examination: Examination, report: str | None = None) -> DatasetSummary:
    """Return the summary for a status: the first tags, problems and pieces of advice, all the counts."""
    catalog, findings = examination.catalog, examination.findings
    return DatasetSummary(
        images=len(catalog.images),
        annotations=catalog.annotations,
        categories=catalog.categories[:_SHOWN_TAGS],
        category_count=len(catalog.tags),
        revision=examination.revision or None,
        problems=tuple(cause.tell() for cause in findings.causes[:_SHOWN_PROBLEMS]),
        problem_count=findings.problem_count,
        advice=tuple(Problem(subject=entry.subject, message=entry.message) for entry in choose_advice(findings.advice)),
        advice_count=findings.advice_counts.total(),
        report=report,
    )


def choose_advice(advice: Sequence[Advice], count: int = _SHOWN_ADVICE) -> list[Advice]:
    """Return at most `count` pieces of advice: the worst of every kind before the next worst of any."""
    kinds: dict[Issue, list[Advice]] = {issue: [] for issue in Issue}
    for entry in advice:
        kinds[entry.issue].append(entry)
    ordered = [sorted(kind, key=lambda entry: 1.0 if entry.score is None else entry.score) for kind in kinds.values()]
    rounds = itertools.zip_longest(*ordered)
    return [entry for entries in rounds for entry in entries if entry is not None][:count]


def describe(examination: Examination) -> str:
    """Return one sentence: what is in the dataset, or what is wrong with it."""
    return _describe_problems(examination) if examination.findings.problem_count else _describe_content(examination)


def _describe_content(examination: Examination) -> str:
    catalog, counts = examination.catalog, examination.findings.advice_counts
    text = f"{_count(len(catalog.images), 'image')}, {_count(catalog.annotations, 'annotation')}, "
    text += _count(len(catalog.tags), "tag")
    if counts:
        first = choose_advice(examination.findings.advice, 1)[0]
        kinds = ", ".join(f"{count:,} {issue}" for issue, count in counts.most_common())
        text += f"; {_count(counts.total(), 'piece')} of advice ({kinds}), the first: {first.subject} {first.message}"
    return text[:_MAX_MESSAGE]


def _describe_problems(examination: Examination) -> str:
    causes = examination.findings.causes
    first = causes[0]
    text = f"{first.first.subject}: {first.first.message}"
    if len(causes) > 1:
        total = _count(examination.findings.problem_count, "problem")
        often = f" ({first.count:,} times)" if first.count > 1 else ""
        text = f"{total} of {len(causes):,} causes, the first{often}: {text}"
    elif first.count > 1:
        text = f"{_count(first.count, 'problem')} of one cause, the first: {text}"
    return text[:_MAX_MESSAGE]


def build_corrupt_error(examination: Examination) -> RunError:
    """Return the end of a run whose dataset has problems."""
    name = examination.source.name
    return RunError(Reason.DATASET_CORRUPT, f"dataset {name}: {describe(examination)}", summarise(examination))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
