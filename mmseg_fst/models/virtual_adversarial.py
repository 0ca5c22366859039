"""Virtual adversarial perturbation of features: VAT of CCT, T-VAT of PS-MT."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn

from mmseg_fst.ops import adversarial_noise
from mmseg_fst.registry import MODELS


@MODELS.register_module()
class VirtualAdversarial(nn.Module):
    """Add the noise that changes the prediction of a decoder the most.

    See :func:`mmseg_fst.ops.adversarial_noise`. The decoder of CCT is the one
    that is trained on the perturbed features; in PS-MT (Liu et al., CVPR 2022,
    section 3.3) it is the mean of the teachers' decoders.

    The releases of CCT and PS-MT have ``xi=1e-6``. The gradient grows with
    the square of ``xi``, and 1e-8 is added to its norm, so their noise nearly
    vanishes: its norm is a thousandth of ``eps`` or less for networks with
    random weights, and of random direction in single precision.

    Args:
        xi (float): Norm of the step of the finite difference, above 0.
            Defaults to 0.1.
        eps (float): Norm of the noise of an image, above 0. Defaults to 2.
        steps (int): Steps of the power method, at least 1. Defaults to 1.

    Raises:
        ValueError: If an argument is out of its range.
    """

    needs = ('decoder', )

    def __init__(self,
                 xi: float = 0.1,
                 eps: float = 2.,
                 steps: int = 1) -> None:
        super().__init__()
        if min(xi, eps) <= 0 or steps < 1:
            raise ValueError(
                'VirtualAdversarial: xi and eps must be above 0 and steps at '
                f'least 1, got {xi}, {eps} and {steps}.')
        self.xi = xi
        self.eps = eps
        self.steps = steps

    def forward(self, features: Sequence[Tensor],
                decoder: nn.Module) -> list[Tensor]:
        """Perturb features.

        Args:
            features (Sequence[Tensor]): Feature maps of shape (N, C, h, w).
            decoder (nn.Module): From such maps to logits; in evaluation mode
                meanwhile, since dropout would make another function of it at
                each call.

        Returns:
            list[Tensor]: Feature maps of the same shapes.
        """
        with evaluating(decoder):
            noise = adversarial_noise(
                decoder, features, self.xi, self.eps, self.steps)
        return [feature + step for feature, step in zip(features, noise)]


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode, then restore the mode of each part.

    Args:
        module (nn.Module): The module.
    """
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
