"""Scores of a validation that need no label of its images."""
import math
from collections.abc import Mapping
from typing import Optional

import torch
from mmengine.dist import all_reduce
from mmseg.utils import SampleList
from torch import Tensor

from mmseg_fst.ops import class_kl, neighborhood_density, prediction_entropy

#: In front of their names, behind the network: ``student/label_free/entropy``.
LABEL_FREE = 'label_free'
#: Pixels of an image that the density is computed from.
_PIXELS = 32
#: Most pixels of all images that it is computed from.
_MOST_PIXELS = 4096


class LabelFreeScores:
    """Collects the probabilities that a validation computes anyway.

    Labels of the images are not used. The scores count the images of all
    distributed processes, but for the density, which is the mean of the
    densities within each process; images that a sampler repeats count twice.
    """

    def __init__(self) -> None:
        # By network: sum of the entropies and number of the pixels, (2,).
        self._entropies: dict[str, Tensor] = {}
        # Sum of the probabilities of each class, (C,).
        self._classes: dict[str, Tensor] = {}
        # Sampled predictions of each image, (P, C).
        self._sampled: dict[str, list[Tensor]] = {}
        # Pixels on which all networks agree, and all pixels, (2,).
        self._agreement: Optional[Tensor] = None

    @torch.no_grad()
    def add(self, network: str, probability: Tensor) -> None:
        """Add the prediction of a network for an image.

        Args:
            network (str): Name of the network.
            probability (Tensor): Of some pixels, of shape (C, h, w); they sum
                up to 1 over the classes.
        """
        rows = probability.flatten(1).T.float()
        entropy = prediction_entropy(rows).sum(dtype=torch.float64)
        counts = torch.stack([entropy, torch.full_like(entropy, len(rows))])
        total = rows.sum(0, dtype=torch.float64)
        index = torch.linspace(
            0, len(rows) - 1, min(_PIXELS, len(rows)),
            device=rows.device).round().long()
        if network in self._entropies:
            self._entropies[network] += counts
            self._classes[network] += total
        else:
            self._entropies[network], self._classes[network] = counts, total
        self._sampled.setdefault(network, []).append(rows[index])

    def compare(self, outputs: Mapping[str, SampleList]) -> None:
        """Count the pixels on which all networks agree.

        Args:
            outputs (Mapping[str, list[SegDataSample]]): By network the
                samples of a batch with ``pred_sem_seg``.
        """
        if len(outputs) < 2:
            return
        for samples in zip(*outputs.values()):
            first, *others = (sample.pred_sem_seg.data for sample in samples)
            agreed = torch.ones_like(first, dtype=torch.bool)
            for label in others:
                agreed &= label == first
            total = agreed.sum(dtype=torch.float64)
            counts = torch.stack(
                [total, torch.full_like(total, first.numel())])
            self._agreement = (
                counts if self._agreement is None
                else self._agreement + counts)

    @torch.no_grad()
    def result(self, labeled: Optional[Tensor] = None) -> dict[str, float]:
        """The scores of all networks, over all processes.

        Args:
            labeled (Tensor, optional): Pixels of each class in the labels of
                the training, (C,). Defaults to None: they are not compared.

        Returns:
            dict[str, float]: Such as ``student/label_free/entropy``, with the
            names of :data:`mmseg_fst.ops.LABEL_FREE_RULES`, in nats; the
            agreement in percent. Infinite scores are left out.
        """
        found: dict[str, float] = {}
        agreement = None
        if self._agreement is not None:
            all_reduce(self._agreement, 'sum')
            agreed, pixels = self._agreement.tolist()
            agreement = 100 * agreed / pixels
        for network in self._entropies:
            scores = self._scores_of(network, labeled)
            if agreement is not None:
                scores['agreement'] = agreement
            found.update({
                f'{network}/{LABEL_FREE}/{name}': score
                for name, score in scores.items() if math.isfinite(score)
            })
        return found

    def _scores_of(self, network: str,
                   labeled: Optional[Tensor]) -> dict[str, float]:
        """The scores of one network."""
        sampled = torch.cat(self._sampled[network])
        sampled = sampled[::-(-len(sampled) // _MOST_PIXELS)]
        density = neighborhood_density(sampled).double()
        density = torch.stack([density, torch.ones_like(density)])
        counts, classes = self._entropies[network], self._classes[network]
        for sums in (counts, classes, density):
            all_reduce(sums, 'sum')
        frequency = classes / classes.sum()
        entropy = counts[0] / counts[1]
        scores = dict(
            entropy=entropy,
            density=density[0] / density[1],
            # Certain predictions of many classes.
            information=prediction_entropy(frequency[None])[0] - entropy)
        if labeled is not None and len(labeled) == len(classes):
            scores['class_divergence'] = class_kl(
                labeled.to(classes), classes)
        return {name: float(score) for name, score in scores.items()}
