"""Virtual adversarial noise on features (VAT)."""
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .class_scores import class_logits
from .precision import without_autocast

#: From feature maps (N, D, h, w) to logits (N, C, H, W).
Decoder = Callable[[list[Tensor]], Tensor]


def adversarial_noise(decode: Decoder,
                      features: Sequence[Tensor],
                      xi: float = 0.1,
                      eps: float = 2.,
                      steps: int = 1) -> list[Tensor]:
    """The noise of a given norm that changes a prediction the most.

    Miyato et al., "Virtual Adversarial Training", TPAMI 2019, algorithm 1, as
    CCT and PS-MT apply it to features: from a random direction d, ``steps``
    steps of the power method ``d <- normalize(grad_d KL(p(f) || p(f + xi
    d)))``; the noise is ``eps d``. The norm is that of all maps of an image
    together. Only the gradient by d is computed: parameters get none.

    The random numbers come from the CPU generator. Half precision is too
    coarse for ``xi``, so the noise is computed in single precision at least.

    Args:
        decode (Callable): The decoder, from maps (N, D, h, w) to logits
            (N, C, H, W); of a decoder with one channel the classes are those
            of :func:`class_logits`.
        features (Sequence[Tensor]): Maps of shape (N, D, h, w), N the same.
        xi (float): Norm of the step of the finite difference. Defaults to
            0.1.
        eps (float): Norm of the noise of an image. Defaults to 2.
        steps (int): Steps of the power method. Defaults to 1.

    Returns:
        list[Tensor]: Noise of the shapes and types of ``features``, without a
        gradient.
    """
    maps = [
        feature.detach().to(torch.promote_types(feature.dtype, torch.float32))
        for feature in features
    ]
    device = maps[0].device

    def log_probabilities(inputs: list[Tensor]) -> Tensor:
        return F.log_softmax(class_logits(decode(inputs)), 1)

    with without_autocast(device), torch.enable_grad():
        with torch.no_grad():
            target = log_probabilities(maps).exp()
        noise = unit_norm([
            (torch.rand(each.shape, dtype=each.dtype) - .5).to(
                device, non_blocking=True) for each in maps
        ])
        for _ in range(steps):
            for step in noise:
                step.requires_grad_()
            moved = [each + xi * step for each, step in zip(maps, noise)]
            distance = F.kl_div(
                log_probabilities(moved), target, reduction='batchmean')
            gradient = torch.autograd.grad(
                distance, noise, allow_unused=True)
            noise = unit_norm([
                torch.zeros_like(each) if new is None else new
                for each, new in zip(maps, gradient)
            ])
    return [(eps * step).to(feature.dtype)
            for step, feature in zip(noise, features)]


def unit_norm(maps: Sequence[Tensor]) -> list[Tensor]:
    """Maps divided by the norm of all maps of an image together.

    Args:
        maps (Sequence[Tensor]): Of shape (N, D, h, w), N the same.

    Returns:
        list[Tensor]: Maps of the same shapes; with 1e-8 added to the norm, as
        in the releases of CCT and PS-MT.
    """
    squares = torch.stack([each.flatten(1).square().sum(1) for each in maps])
    norm = (squares.sum(0).sqrt() + 1e-8)[:, None, None, None]
    return [each / norm for each in maps]
