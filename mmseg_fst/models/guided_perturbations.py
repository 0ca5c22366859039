"""Perturbations of features by the objects in a prediction (CCT)."""
from collections.abc import Sequence
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmseg_fst.ops import connected_components, erase_in_objects
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


class Objects:
    """What a prediction says of the places of objects.

    Args:
        label (Tensor): Predicted class ids of shape (N, H, W), int64.
        background (int): The class of what is not an object. Defaults to 0.
    """

    def __init__(self, label: Tensor, background: int = 0) -> None:
        #: Pixels of objects, bool of shape (N, H, W).
        self.mask = label != background

    @cached_property
    def components(self) -> Tensor:
        """Of :func:`connected_components`, int64 of shape (N, H, W)."""
        return connected_components(self.mask)


class GuidedMask(nn.Module):
    """Set features to zero at places that a prediction chooses."""

    needs = ('objects', )

    def select(self, objects: Objects) -> Tensor:
        """Choose the places whose features remain.

        Args:
            objects (Objects): The objects in the images.

        Returns:
            Tensor: Bool of shape (N, H, W).
        """
        raise NotImplementedError

    def forward(self, features: Sequence[Tensor],
                objects: Objects) -> list[Tensor]:
        """Perturb features.

        Args:
            features (Sequence[Tensor]): Feature maps of shape (N, C, h, w).
            objects (Objects): The objects in the images.

        Returns:
            list[Tensor]: Feature maps of the same shapes. The places are
            resized to the nearest pixel.
        """
        values = self.select(objects)[:, None].to(features[0].dtype)
        return [
            feature * F.interpolate(values, feature.shape[2:])
            for feature in features
        ]


@MODELS.register_module()
class ContextMask(GuidedMask):
    """Keep the features of objects, and mask their context.

    CCT (Ouali et al., CVPR 2020, section 3.3), "guided masking".
    """

    def select(self, objects: Objects) -> Tensor:
        """The objects, see :meth:`GuidedMask.select`.

        Args:
            objects (Objects): The objects in the images.

        Returns:
            Tensor: Bool of shape (N, H, W).
        """
        return objects.mask


@MODELS.register_module()
class ObjectMask(GuidedMask):
    """Keep the features of the context, and mask the objects.

    CCT (Ouali et al., CVPR 2020, section 3.3), "guided masking".
    """

    def select(self, objects: Objects) -> Tensor:
        """What is not an object, see :meth:`GuidedMask.select`.

        Args:
            objects (Objects): The objects in the images.

        Returns:
            Tensor: Bool of shape (N, H, W).
        """
        return ~objects.mask


@MODELS.register_module()
class GuidedCutout(GuidedMask):
    """Mask a box within each object.

    CCT (Ouali et al., CVPR 2020, section 3.3), see
    :func:`mmseg_fst.ops.erase_in_objects`. In the release OpenCV finds the
    contours of objects on the CPU, and contours of at most 50 corners are
    left out; here all is computed on the device, and the pixels of a contour
    are counted.

    Args:
        erase (float): Sides of a box as a share of the object's, in [0, 1].
            Defaults to 0.4.
        min_contour (int): Objects of at most so many pixels of contour are
            left out. Defaults to 50.
        max_objects (int): Objects of an image whose boxes are placed
            independently. Defaults to 64.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 erase: float = 0.4,
                 min_contour: int = 50,
                 max_objects: int = 64) -> None:
        super().__init__()
        check_range(self, erase=erase)
        if min_contour < 0 or max_objects < 1:
            raise ValueError(
                'GuidedCutout: min_contour must be at least 0 and max_objects '
                f'at least 1, got {min_contour} and {max_objects}.')
        self.erase = erase
        self.min_contour = min_contour
        self.max_objects = max_objects

    def select(self, objects: Objects) -> Tensor:
        """What lies outside of the boxes, see :meth:`GuidedMask.select`.

        Args:
            objects (Objects): The objects in the images.

        Returns:
            Tensor: Bool of shape (N, H, W).
        """
        components = objects.components
        place = torch.rand(len(components), self.max_objects, 2)
        return ~erase_in_objects(
            components, place.to(components.device, non_blocking=True),
            self.erase, self.min_contour)
