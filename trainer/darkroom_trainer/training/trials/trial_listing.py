"""What the report tells of all that a training tried, heads and networks.

Owns the words for how each ended. Must not train or decide.
"""

from typing import Any

from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.search import trial_records
from darkroom_trainer.search.halving import Halving, Trial


def note_diverged(halving: Halving, trial: Trial) -> None:
    """Put a trial whose loss diverged twice among those that ended."""
    why = "its loss became non-finite (NaN or Inf) twice"
    halving.ended.append(build_record(trial, trial_records.TrialEnd.FAILED, why, halving.round).to_json())


def note_pruned(halving: Halving, trial: Trial) -> None:
    """Put a trial that is out after the last round among those that ended."""
    why = f"scored below the better half after round {halving.round}"
    halving.ended.append(build_record(trial, trial_records.TrialEnd.PRUNED, why, halving.round).to_json())


def list_trials(session: Session) -> list[dict[str, Any]]:
    """Return the records of all that was tried: frozen-feature classifiers, losers, and what was left in the end."""
    halving, ensemble_weight = session.halving, session.ensemble_weight
    heads = [_judge_head(record, ensemble_weight) for record in (session.head.records if session.head else [])]
    if halving is None:
        return heads
    found, stop_reason = list(halving.ended), session.head_alone or halving.stop_reason
    for one in halving.trials:
        is_winner = one is halving.leader and ensemble_weight < 1
        end = trial_records.TrialEnd.WON if is_winner else trial_records.TrialEnd.PRUNED
        found.append(build_record(one, end, f"the search ended: {stop_reason}", halving.round).to_json())
    return heads + found


def _judge_head(record: dict[str, Any], ensemble_weight: float) -> dict[str, Any]:
    """Return the record of a head; the best of them has lost all the same where the network answers without it."""
    if record["end"] != trial_records.TrialEnd.WON or ensemble_weight > 0:
        return record
    return {
        **record,
        "end": trial_records.TrialEnd.PRUNED.value,
        "why": "the network alone scores better on the held-out images",
    }


def build_record(trial: Trial, end: trial_records.TrialEnd, why: str, last_round: int) -> trial_records.TrialRecord:
    """Return what the report tells of a trial."""
    score = trial.scores[-1] if trial.scores else None
    settings: dict[str, Any] = {
        **trial.recipe.describe(),
        "scores": [round(one.value, 4) for one in trial.scores],
    }
    recipe = trial.recipe
    return trial_records.TrialRecord(
        number=trial.number,
        kind=trial_records.TrialKind.NETWORK,
        name=f"{recipe.backbone}, rate {recipe.peak_learning_rate:.2g}, {recipe.augmentation}",
        score=score.value if score else None,
        standard_error=score.standard_error if score else None,
        started_at_seconds=round(trial.started_at_seconds, 3),
        cost_seconds=round(trial.cost_seconds, 3),
        end=end,
        why=why,
        round=last_round,
        passes=trial.passes,
        settings=settings,
    )
