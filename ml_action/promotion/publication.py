"""The story of a promotion after its commit is pushed: opened, approved, merged, as far as autonomy goes.

Every step looks before it acts, so a run that was killed is completed by the next one, and nothing is done
twice. A person's word stands: a closed pull request, a commit, a title, a draft are never overruled.
"""

from __future__ import annotations

from ml_action.core.records.choices import Autonomy
from ml_action.core.records.promotion import Publication
from ml_action.promotion import merge as landing
from ml_action.promotion import pull_request as presenting
from ml_action.promotion.context import Context


def settle(context: Context) -> Publication:
    """Bring the promotion, whose commit is on its branch already, to where its autonomy allows.

    Raises:
        ForgeProblem: the pull request could not be opened or edited, or GitHub is in trouble: run it again.
        LostTheRace: another run pushed to the branch meanwhile.
    """
    publication = presenting.present(context)
    for reached, step in (
        (Autonomy.APPROVE, landing.verify),
        (Autonomy.APPROVE, landing.approve),
        (Autonomy.MERGE, landing.merge),
    ):
        pull = publication.pull_request
        ended = publication.blocked or publication.merge_state or publication.stale
        if ended or pull is None or not context.proposal.autonomy.reaches(reached):
            break
        publication = step(context, publication, pull)
    return publication
