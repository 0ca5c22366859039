"""Diverse Co-training of three students, as released."""
from typing import Any

from mmseg_fst.models.pseudo_labelers import Threshold
from mmseg_fst.registry import MODELS

from .batch import PseudoLabels
from .co_training import CoTraining


@MODELS.register_module()
class ReleasedCoTraining(CoTraining):
    """Co-training that takes some pixels by class id, as released.

    In the release of 3-cps (``diverse_cotraining_3cps.py``) the third student
    takes the pixels of the second whose class *id* is at least the threshold,
    where all others compare the confidence: with a threshold above 0, all
    pixels but the first class. At threshold 0, that of the published
    runs, it is :class:`CoTraining`.

    Args:
        selected_by_id (dict[str, str]): For a student, the peer whose pixels
            it takes so, such as ``dict(rgb='dct')``.
        **kwargs (Any): Arguments of :class:`CoTraining`.

    Raises:
        ValueError: If there is no student of a name, or ``pseudo_labeler`` is
            no :class:`Threshold`.
    """

    pseudo_labeler: Threshold

    def __init__(self, selected_by_id: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.selected_by_id = selected_by_id
        for name in (*selected_by_id, *selected_by_id.values()):
            self.check_choice('selected_by_id', name, tuple(self.student))
        if not isinstance(self.pseudo_labeler, Threshold):
            raise ValueError(
                'ReleasedCoTraining compares class ids with the threshold of '
                "`model.pseudo_labeler`; give it type='Threshold', not "
                f'{type(self.pseudo_labeler).__name__!r}.')

    def _peer_labels(self, name: str, labels: dict[str, PseudoLabels]
                     ) -> list[PseudoLabels]:
        """Mixed labels that a student learns from."""
        by_id = self.selected_by_id.get(name)
        if by_id is not None:
            label, weight = labels[by_id]
            chosen = label >= self.pseudo_labeler.threshold
            labels = {**labels, by_id: PseudoLabels(
                label, chosen.to(weight.dtype))}
        return super()._peer_labels(name, labels)
