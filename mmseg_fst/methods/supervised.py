"""Learning from labels only: source-only baselines and oracles."""
from mmseg_fst.registry import MODELS

from .batch import Batch
from .method import Method
from .step import Step


@MODELS.register_module()
class Supervised(Method):
    """The student learns from labels only; unlabeled images are not used.

    The baseline of every method: source-only in domain adaptation, labels
    only in semi-supervised learning, and the oracle if all labels are given.
    With ``regularizer`` the feature distance of DAFormer is added.

    See :class:`Method` for the arguments; ``pseudo_labeler`` and ``mixer``
    are not used.
    """

    parts = ('labeled', )
    sides = ('labeled', )
    required = ()
    with_teacher = False
    single_pass = True

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        step.learn('labeled', lambda: self.supervised(batch.labeled))
