"""Scores of predictions that need no label of the images."""
import torch
from torch import Tensor

#: Whether more or less is better, by the name of a score.
LABEL_FREE_RULES = dict(
    entropy='less',
    density='greater',
    information='greater',
    agreement='greater',
    class_divergence='less')
# Rows of the similarity matrix that exist at the same time.
_ROWS_AT_ONCE = 1024


def prediction_entropy(probability: Tensor) -> Tensor:
    """Entropy of each prediction.

    Args:
        probability (Tensor): Of shape (N, C); they sum up to 1 over the
            classes.

    Returns:
        Tensor: In nats, of shape (N,), in [0, log C].

    Example:
        >>> prediction_entropy(torch.full((1, 4), 0.25))
        tensor([1.3863])
    """
    return -torch.xlogy(probability, probability).sum(1)


def neighborhood_density(probability: Tensor,
                         temperature: float = 0.05) -> Tensor:
    """Soft neighborhood density (SND): how densely predictions lie.

    Saito et al., "Tune it the Right Way: Unsupervised Validation of Domain
    Adaptation via Soft Neighborhood Density", ICCV 2021. The cosine
    similarities of a prediction to all others are turned into a distribution
    by a softmax; the score is its entropy, averaged over the predictions. It
    is large if each prediction has many neighbors that are equally near.

    Args:
        probability (Tensor): Predictions of sampled pixels, of shape (N, C)
            with N of at least 2.
        temperature (float): Temperature of the softmax. Defaults to 0.05, as
            in the paper.

    Returns:
        Tensor: In nats, a scalar in [0, log(N - 1)].

    Example:
        >>> neighborhood_density(torch.ones(9, 3) / 3)  # log 8
        tensor(2.0794)
    """
    unit = torch.nn.functional.normalize(probability, dim=1)
    total = unit.new_zeros(())
    for start in range(0, len(unit), _ROWS_AT_ONCE):
        rows = unit[start:start + _ROWS_AT_ONCE]
        similarity = rows @ unit.T / temperature
        # A prediction is not its own neighbor.
        similarity[:, start:start + len(rows)].fill_diagonal_(-torch.inf)
        total += prediction_entropy(similarity.softmax(1)).sum()
    return total / len(unit)


def class_kl(labeled: Tensor, predicted: Tensor) -> Tensor:
    """Kullback-Leibler divergence of two class frequencies.

    Args:
        labeled (Tensor): Pixels of each class in labels, of shape (C,), not
            negative.
        predicted (Tensor): Likewise in predictions; probabilities summed up.

    Returns:
        Tensor: Of the labels from the predictions in nats, a scalar of at
        least 0; infinite if a labeled class is not predicted at all.

    Example:
        >>> class_kl(torch.tensor([5., 0.]), torch.tensor([2., 2.]))
        tensor(0.6931)
    """
    labeled = labeled / labeled.sum()
    predicted = predicted / predicted.sum()
    return (torch.xlogy(labeled, labeled)
            - torch.xlogy(labeled, predicted)).sum()
