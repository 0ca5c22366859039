"""The mean teacher with mixing across domains: DACS and DAFormer."""
from mmseg_fst.registry import MODELS

from .batch import Batch
from .method import Method
from .step import Step


@MODELS.register_module()
class MeanTeacher(Method):
    """A teacher, the average of the student over time, labels for it.

    ::

        image_labeled ---> student -> loss on label_labeled
        image_unlabeled -> teacher -> pseudo_labeler -> label, weight
        both ------------> mixer ---> photometric ----> image_mixed
        image_mixed -----> student -> weighted loss on label_mixed

    With :class:`ClassMix` and :class:`ConfidentRatio` this is DACS
    (Tranheden et al., WACV 2021); with ``regularizer``, a
    :class:`FeatureDistance`, and rare-class sampling of the data it is
    DAFormer (Hoyer et al., CVPR 2022, equation 7). FST (Du et al., NeurIPS
    2022) is this method with :class:`mmseg_fst.engine.FSTHook`.

    See :class:`Method` for the arguments.
    """

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        step.learn(
            'labeled', lambda: self.supervised(batch.labeled), fixed=True)
        target = self.pseudo_labels(batch.unlabeled)
        mixed = self.mixed_view(step, batch, target)
        step.learn('mixed', lambda: self.consistency(step, mixed))
        step.log(pseudo_label_weight=target.weight.mean())
