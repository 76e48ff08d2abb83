"""What follows from a viewer and their purpose alone, and is all of them that the layers below learn."""

from functools import lru_cache

from adapters.store.search import SearchScope
from gateway.purpose import Purpose
from gateway.shield.policy import at_most, decider
from gateway.viewer import Viewer
from resolvers.children import Capability
from resolvers.disclosure import Category
from schema.context import ViewerCard

# Viewers, each for one purpose, of whom it is kept.
MOST_VIEWERS_KEPT = 10_000


@lru_cache(MOST_VIEWERS_KEPT)
def viewer_card(viewer: Viewer, purpose: Purpose) -> ViewerCard:
    """What the viewer may read of their own standing."""
    return ViewerCard(viewer.subject, viewer.organisation, viewer.role.value, purpose.value)


@lru_cache(MOST_VIEWERS_KEPT)
def capability(viewer: Viewer, purpose: Purpose) -> Capability | None:
    """All that the layers below learn of who asks and why; none where no child may be asked for."""
    most = at_most(viewer, purpose)
    if not most:
        return None
    manages = purpose is Purpose.SHIELD_MANAGEMENT
    scope = SearchScope(
        address=Category.ADDRESS in most,
        # An officer without an authority manages nobody: no authority is called by an empty word.
        manages=(viewer.authority or "") if manages else None,
        sealed=manages and "sealed" in viewer.scopes,
        organisation=viewer.organisation,
        viewer=viewer.subject,
        token=viewer.token if purpose is Purpose.SAFEGUARDING and "override" in viewer.scopes else "",
        prints=viewer.prints,
    )
    return Capability(decider(viewer, purpose), scope, broker=viewer.organisation)
