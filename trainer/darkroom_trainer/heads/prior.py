"""The prior for features that a network learned from other images, over hand-made ones.

Owns the rule. Cross-validation on a handful of images finds a lucky histogram among many, so pretrained features answer
alone, unless other heads do better by more than chance explains. Pure.
"""

from collections.abc import Sequence

from darkroom_trainer.heads.cross_validation import ScoredHead, choose


def favour_pretrained(scored_heads: Sequence[ScoredHead]) -> list[ScoredHead]:
    """Return the heads that the winner is one of: those on pretrained features alone, or the others."""
    pretrained, others = split_heads(scored_heads)
    if not pretrained or not others:
        return list(scored_heads)
    best, rival = choose(pretrained).score, choose(others).score
    return others if rival.value > best.value + best.standard_error else pretrained


def split_heads(scored_heads: Sequence[ScoredHead]) -> tuple[list[ScoredHead], list[ScoredHead]]:
    """Return the heads on pretrained features alone, and the others."""
    pretrained = [scored for scored in scored_heads if scored.trial.is_pretrained]
    return pretrained, [scored for scored in scored_heads if not scored.trial.is_pretrained]
