"""What evaluation protocols have in common."""
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Optional

from mmseg.models.segmentors import BaseSegmentor
from mmseg.structures import SegDataSample
from mmseg.utils import SampleList
from torch import Tensor


class Protocol(ABC):
    """How an image becomes the prediction that is scored.

    Families of methods publish scores under different protocols, which must
    not be compared. Each is a class here, and ``model.protocol`` of a config
    names one. All take images at native size, with their labels: nothing is
    resized before.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The protocol in words, as logs and tables print it."""

    @abstractmethod
    def logits(self, network: BaseSegmentor, images: Tensor) -> Tensor:
        """Scores of all classes, of which the largest wins.

        Args:
            network (BaseSegmentor): The network that predicts.
            images (Tensor): Normalised images of shape (N, 3, H, W).

        Returns:
            Tensor: Of shape (N, C, H, W), or of the size that is scored.
        """

    def predict(self,
                network: BaseSegmentor,
                images: Tensor,
                data_samples: Optional[SampleList] = None) -> SampleList:
        """Predict under this protocol.

        Args:
            network (BaseSegmentor): The network that predicts.
            images (Tensor): Normalised images of shape (N, 3, H, W).
            data_samples (list[SegDataSample], optional): Their data samples.
                Defaults to None.

        Returns:
            list[SegDataSample]: With ``seg_logits`` and ``pred_sem_seg``.

        Raises:
            ValueError: If an image was resized or padded before.
        """
        for sample in data_samples or ():
            self._check_size(images, sample.ori_shape)
        return network.postprocess_result(
            self.logits(network, images),
            data_samples and [self.scored(one) for one in data_samples])

    def probabilities(self, scores: Tensor) -> Tensor:
        """From the scores of one image to probabilities.

        Args:
            scores (Tensor): What :meth:`logits` gives, (C, H, W).

        Returns:
            Tensor: Of the same shape; they sum up to 1 over the classes.
        """
        return scores.softmax(0)

    def scored(self, sample: SegDataSample) -> SegDataSample:
        """The sample that a prediction is compared with.

        Args:
            sample (SegDataSample): Of an image at native size.

        Returns:
            SegDataSample: The same, unless a protocol changes it.
        """
        return sample

    def _check_size(self, images: Tensor, native: tuple[int, int]) -> None:
        """Raise on images that are not at their native size."""
        if tuple(images.shape[2:]) != tuple(native[:2]):
            raise ValueError(
                f'model.protocol ({self.name}) takes images at native size; '
                f'one of {tuple(native[:2])} arrived as '
                f'{tuple(images.shape[2:])}. Take Resize out of the test '
                'pipeline and test_cfg out of data_preprocessor, or set '
                "model.protocol=None for the network's own test_cfg.")


def network_logits(network: BaseSegmentor,
                   images: Tensor,
                   size: Optional[Sequence[int]] = None) -> Tensor:
    """Logits of one forward pass.

    Args:
        network (BaseSegmentor): The network.
        images (Tensor): Normalised images of shape (N, 3, H, W), or maps of
            the network's domain.
        size (Sequence[int], optional): Height and width of the logits.
            Defaults to None: those of ``images``.

    Returns:
        Tensor: Of shape (N, C, *size), resized as the decode head does.
    """
    # Heads of MMSegmentation resize to what is told here.
    return network.encode_decode(
        images, [dict(img_shape=size or images.shape[2:])] * len(images))
