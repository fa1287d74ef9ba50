"""The stop of everything: the one-for-one children all at once, then infrastructure in reverse start order."""

from edgelock.actors.cell import ChildState
from edgelock.actors.supervision_tree import SupervisionTree


class OrderedStop:
    """From `begin` on nothing is restarted. Each child has its own time; one that takes longer does not hold it up."""

    def __init__(self, tree: SupervisionTree) -> None:
        self._tree = tree

    def begin(self) -> None:
        """Stop the one-for-one children."""
        self._tree.is_stopping = True
        for purpose in ("watch", "storm", "infrastructure"):
            self._tree.cancel(purpose)
        for cell in self._tree.children.others():
            self._tree.stop_or_close(cell)

    def proceed(self) -> bool:
        """Stop what is next; True when everybody has stopped."""
        if any(cell.state is ChildState.STOPPING for cell in self._tree.children.others()):
            return False
        for cell in reversed(self._tree.children.infrastructure()):
            self._tree.stop_or_close(cell)
            if cell.state is ChildState.STOPPING:
                return False
        self._tree.retire_deadlines()
        return True
