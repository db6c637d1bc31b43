"""The story of a promotion after its commit is pushed: opened, approved, merged, as far as autonomy goes.

Every step looks before it acts, so a run that was killed is completed by the next one, and nothing is done
twice. A person's word stands: a closed pull request, a commit, a title, a draft are never overruled.
"""

from __future__ import annotations

from ml_action.core.records.choices import Autonomy
from ml_action.core.records.promotion import Publication
from ml_action.promotion import merge, pull_request
from ml_action.promotion.context import PublicationContext


def publish(context: PublicationContext) -> Publication:
    """Bring the promotion, whose commit is on its branch already, to where its autonomy allows.

    Raises:
        ForgeError: the pull request could not be opened or edited, or GitHub is in trouble: run it again.
        LostTheRace: another run pushed to the branch meanwhile.
    """
    publication = pull_request.ensure_pull_request(context)
    for reached, step in (
        (Autonomy.APPROVE, merge.verify),
        (Autonomy.APPROVE, merge.approve),
        (Autonomy.MERGE, merge.merge),
    ):
        pull = publication.pull_request
        ended = publication.blocked or publication.merge_state or publication.stale
        if ended or pull is None or not context.proposal.autonomy.reaches(reached):
            break
        publication = step(context, publication, pull)
    return publication
