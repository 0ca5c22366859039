"""Cross pseudo supervision on mixed images."""
import torch
from torch import Tensor

from mmseg_fst.models.losses import labeled_losses, peer_losses
from mmseg_fst.models.multi_box_mix import MultiBoxMix
from mmseg_fst.ops import Mixed
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels, Side
from .cps import CPS
from .step import Losses, Step


@MODELS.register_module()
class CutMixCPS(CPS):
    """CPS with CutMix: labels of two images for the image mixed of both.

    Chen et al., CVPR 2021, section 3.3, as in the authors' code::

        unlabeled, partner --------> j -> label_j of each, mixed
        unlabeled, partner, mixed -> i -> loss on label_j
        labeled ------------------> i -> loss on its label

    The batch has a further side, ``partner``: unlabeled images, in another
    order, whose boxes are pasted. On several GPUs the authors' code has both
    in the same order, since it calls ``set_epoch`` of neither sampler, so that
    boxes come from second crops of the images themselves; in a config without
    the side, ``again=dict(partner='unlabeled')`` gives these. Here labeled
    images are not labeled by a peer. Each pass normalizes by itself.

    See :class:`CPS` for the arguments; ``mixer`` is a :class:`MultiBoxMix`.
    """

    mixer: MultiBoxMix

    required = ('pseudo_labeler', 'mixer')
    single_pass = False
    sides = ('labeled', 'unlabeled', 'partner')

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the students and their losses.
            batch (Batch): The sides of the batch.
        """
        batch.check_same_shape('unlabeled', 'partner')
        image, partner = batch.unlabeled.image, batch.partner.image
        mask = self.mixer.sample_mask(
            len(image), image.shape[2:]).to(image.device, non_blocking=True)
        mixed = torch.where(mask[:, None], partner, image)
        targets = {
            name: self._labels_of_both(name, batch, mask)
            for name in self.student
        }
        first = next(iter(targets.values()))
        self.mixed = Mixed(mixed, *first, mask, None)
        for name in self.student:
            peers = [targets[peer] for peer in targets if peer != name]
            step.learn(f'{name}.mixed',
                       lambda: self._mixed_pass(name, mixed, peers))
            step.learn(f'{name}.labeled',
                       lambda: self._labeled_pass(name, batch.labeled))
        step.log(pseudo_label_weight=first.weight.mean())

    @torch.no_grad()
    def _labels_of_both(self, name: str, batch: Batch,
                        mask: Tensor) -> PseudoLabels:
        """Labels of a student for both batches, mixed like the images."""
        onto, pasted = (
            self.pseudo_labels(
                side, self.logits_of(name, side.image)['decode'])
            for side in (batch.unlabeled, batch.partner))
        self.pseudo_label, self.pseudo_weight = onto
        return PseudoLabels(*(
            torch.where(mask, *parts) for parts in zip(pasted, onto)))

    def _mixed_pass(self, name: str, image: Tensor,
                    peers: list[PseudoLabels]) -> tuple[Losses, None]:
        """The mixed images of one student and the labels of its peers."""
        losses = peer_losses(
            self.network(name), self.logits_of(name, image), peers,
            self.mixed_auxiliary)
        return {f'{name}.cross': losses}, None

    def _labeled_pass(self, name: str, side: Side) -> tuple[Losses, None]:
        """Labeled images of one student."""
        losses = labeled_losses(
            self.network(name), self.logits_of(name, side.image), side.label)
        return {f'{name}.labeled': losses}, None
