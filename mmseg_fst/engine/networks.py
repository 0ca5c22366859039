"""What hooks and scores ask of a segmentor, of MMSegmentation as well."""
from collections.abc import Callable
from typing import Optional

import torch
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.models.segmentors import BaseSegmentor
from mmseg.utils import SampleList
from torch import Tensor

from mmseg_fst.models.protocols import name_of_test_cfg, some_pixels
from mmseg_fst.ops import class_probabilities

#: Name of the network of a segmentor that is a single one.
SINGLE_NETWORK = 'student'


def unwrap(runner: Runner) -> BaseSegmentor:
    """Return the model of a runner without its distributed wrapper.

    Args:
        runner (Runner): The runner of the training.

    Returns:
        BaseSegmentor: A :class:`mmseg_fst.methods.TrainedModel`, or a
        segmentor of MMSegmentation without a ``student``.
    """
    model = runner.model
    return model.module if is_model_wrapper(model) else model


def networks_of(model: BaseSegmentor) -> list[str]:
    """Names of the networks of a segmentor that can predict.

    Args:
        model (BaseSegmentor): A method of this package, or any segmentor of
            MMSegmentation, which is scored as ``'student'``.

    Returns:
        list[str]: At least one name.
    """
    return getattr(model, 'networks', [SINGLE_NETWORK])


def predicting_network(model: BaseSegmentor) -> str:
    """The network of a segmentor that predicts.

    Args:
        model (BaseSegmentor): See :func:`networks_of`.

    Returns:
        str: One of :func:`networks_of`.
    """
    return getattr(model, 'predict_with', SINGLE_NETWORK)


def protocol_of(model: BaseSegmentor) -> str:
    """How a segmentor predicts.

    Args:
        model (BaseSegmentor): See :func:`networks_of`.

    Returns:
        str: In words.
    """
    if hasattr(model, 'protocol_name'):
        return model.protocol_name
    return name_of_test_cfg(getattr(model, 'test_cfg', None) or {})


def predict_each(
    model: BaseSegmentor,
    inputs: Tensor,
    data_samples: SampleList,
    observe: Optional[Callable[[str, Tensor], None]] = None
) -> dict[str, SampleList]:
    """Predict with every network of a segmentor, for scores: labels only.

    Args:
        model (BaseSegmentor): See :func:`networks_of`.
        inputs (Tensor): Normalized images of shape (N, C, H, W).
        data_samples (list[SegDataSample]): Their data samples; not written
            to.
        observe (Callable, optional): Called for each image with the name of
            the network and probabilities (C, h, w) of some pixels. Defaults
            to None.

    Returns:
        dict[str, list[SegDataSample]]: By network, samples with
        ``pred_sem_seg``, but without ``seg_logits``, which would fill the
        memory.
    """
    if hasattr(model, 'predict_each'):
        return model.predict_each(inputs, data_samples, observe)
    samples = model.predict(inputs,
                            [sample.new() for sample in data_samples])
    for sample in samples:
        scores = sample.pop('seg_logits', None)
        if observe is not None and scores is not None:
            observe(SINGLE_NETWORK, _probabilities(some_pixels(scores.data)))
    return {SINGLE_NETWORK: samples}


def _probabilities(scores: Tensor) -> Tensor:
    """Of what MMSegmentation writes as ``seg_logits``, (C, h, w)."""
    if len(scores) == 1:  # the sigmoid is taken already
        return torch.cat([1 - scores, scores])
    return class_probabilities(scores[None])[0]
