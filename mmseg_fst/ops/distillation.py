"""Soft labels: what a network learns from the probabilities of others."""
import torch
import torch.nn.functional as F
from torch import Tensor


def soften(probability: Tensor, temperature: float) -> Tensor:
    """Probabilities at another temperature.

    Of the softmax of logits z it is the softmax of z / T, without the logits
    (Hinton et al., "Distilling the Knowledge in a Neural Network", 2015,
    equation 1): p^(1 / T) over its sum.

    Args:
        probability (Tensor): Of shape (N, C, H, W); they sum up to 1 over the
            classes.
        temperature (float): T above 0; above 1 the classes become more
            alike.

    Returns:
        Tensor: Of the same shape; they sum up to 1 over the classes.
    """
    if temperature == 1:
        return probability
    return torch.softmax(probability.log() / temperature, 1)


def soft_label_loss(logits: Tensor, target: Tensor,
                    temperature: float) -> Tensor:
    """Divergence of predictions from soft labels, for each pixel.

    T^2 KL(q || softmax(z / T)): the gradient of the cross-entropy with the
    soft labels q, whose entropy is subtracted, so that a perfect student has
    the loss 0. T^2 keeps the size of the gradient at any temperature (Hinton
    et al. 2015, section 2).

    Args:
        logits (Tensor): z, of shape (N, C, H, W).
        target (Tensor): q, of :func:`soften`, of shape (N, C, H, W).
        temperature (float): T above 0, that of the soft labels.

    Returns:
        Tensor: Of shape (N, H, W), at least 0 up to rounding.
    """
    predicted = torch.log_softmax(logits / temperature, 1)
    divergence = F.kl_div(predicted, target, reduction='none').sum(1)
    return temperature**2 * divergence
