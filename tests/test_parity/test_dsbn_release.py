"""DSBN equals its release, step by step.

The record was made by ``DSBN.convert_dsbn`` and ``DynamicCEAndSCELoss`` of
jianlong-yuan/SimpleBaseline (Apache-2.0): three iterations of SGD in float64
of a toy network, two labeled and two pseudo-labeled images each.
"""
import math
from pathlib import Path

import pytest
import torch

from .method_release import (
    assert_close,
    build_toy,
    learn,
    optimizer_of,
    rename,
    samples_of,
)

PATH = Path(__file__).parents[1] / 'data' / 'dsbn_release' / 'steps.pt'
NAMES = {'encoder.': 'backbone.layers.', 'decoder.': 'decode_head.conv_seg.',
         'main_bn': 'main', 'aux_bn': 'other'}
# The release takes the logarithm of 1e-4 in single precision.
RELEASED = {
    'photometric': None,
    'correction.match_release': True,
    'correction.floor': math.exp(torch.tensor(1e-4).log().item())
}


def replay(**changes):
    """Train as in the record, and compare after each iteration."""
    record = torch.load(PATH, weights_only=True)
    model = build_toy(
        'ssl_dsbn', record['meta']['num_classes'], False,
        **{**RELEASED, **changes})
    # The network of the record is not split yet.
    model.student.load_state_dict(rename(record['init'], **NAMES))
    optimizer = optimizer_of(model, .02, 0.)
    for index, entry in enumerate(record['iters']):
        image, label = entry['image'].double(), entry['label']
        losses = learn(
            model, optimizer, dict(labeled=image[:2], unlabeled=image[2:]),
            dict(labeled=samples_of(label[:2]),
                 unlabeled=samples_of(label[2:])))
        total = sum(value for name, value in losses.items() if 'loss' in name)
        assert total == pytest.approx(entry['loss'], rel=1e-9), index
        assert_close(model.student.state_dict(),
                     rename(entry['student'], **NAMES), 1e-9)
    test = record['test']
    with torch.no_grad():
        logits = model.eval().student.encode_decode(
            test['image'].double(), [dict(img_shape=(32, 32))])
    torch.testing.assert_close(
        logits, test['logits'], rtol=1e-9, atol=1e-9)


def test_losses_weights_and_statistics_are_equal():
    replay()


@pytest.mark.parametrize('changes', [
    {'correction.certain': 1.}, {'correction.floor': 1e-3},
    {'correction.match_release': False}],
    ids=lambda change: next(iter(change)))
def test_another_rule_is_detected(changes):
    with pytest.raises(AssertionError):
        replay(**changes)
