"""What evaluation protocols have in common."""
from abc import ABC, abstractmethod

from mmseg.models.segmentors import BaseSegmentor
from mmseg.structures import SegDataSample
from mmseg.utils import SampleList
from torch import Tensor

from mmseg_fst.ops import class_probabilities

from .scores import Scores


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
    def scores(self, network: BaseSegmentor, images: Tensor) -> Scores:
        """Scores of all classes, of which the largest wins.

        Args:
            network (BaseSegmentor): The network that predicts.
            images (Tensor): Normalized images of shape (N, 3, H, W).

        Returns:
            Scores: Full, of shape (N, C, H, W), or of the size that is
            scored.
        """

    def prepare(self, images: Tensor,
                data_samples: SampleList) -> SampleList:
        """The samples that predictions are written to.

        Args:
            images (Tensor): Normalized images of shape (N, 3, H, W).
            data_samples (list[SegDataSample]): Their data samples.

        Returns:
            list[SegDataSample]: What :meth:`scored` makes of each.

        Raises:
            ValueError: If an image was resized or padded before.
        """
        for sample in data_samples:
            self._check_size(images, sample.ori_shape)
        return [self.scored(sample) for sample in data_samples]

    def probabilities(self, scores: Tensor) -> Tensor:
        """From the scores of one image to probabilities.

        Args:
            scores (Tensor): Of :meth:`scores` at full size, (C, H, W).

        Returns:
            Tensor: Of shape (C, H, W), or (2, H, W) of a binary network;
            they sum up to 1 over the classes.
        """
        return class_probabilities(scores[None])[0]

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
