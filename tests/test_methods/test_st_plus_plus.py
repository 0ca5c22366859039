"""ST++: pseudo-labels that come with the images, not from a network."""
import numpy as np
import pytest
import torch
from helpers import (
    IGNORE,
    branch,
    build_model,
    make_batch,
    model_cfg,
    preprocessor_cfg,
)

from mmseg_fst.models.losses import (
    head_logits,
    heads_of,
    labeled_losses,
    pseudo_losses,
)


def file_cfg(**options):
    """Config of a student of ST++, without augmentation."""
    return {
        **model_cfg(labels_only=True, dropout=0.),
        **dict(type='STPlusPlus', mixer=dict(type='NoMix')), **options
    }


def pseudo_labeled_batch(count=2):
    """Both sides have labels."""
    rng = np.random.default_rng(1)
    return dict(
        labeled=branch(rng, count), unlabeled=branch(rng, count))


def logits_of(network, image, size):
    features = network.extract_feat(image)
    return {
        name: head_logits(head, features, size)
        for name, head in heads_of(network).items()
    }


@pytest.mark.parametrize('backward', ['joint', 'staged'])
def test_both_labels_are_learned(backward):
    model = build_model(
        file_cfg(
            backward=backward, passes='separate',
            loss_weights=dict(labeled=0.5, mixed=0.25))).train()
    assert model.teacher is None and model.networks == ['student']
    data = model.data_preprocessor(pseudo_labeled_batch(), True)
    labels = {
        side: torch.cat([sample.gt_sem_seg.data for sample in samples])
        for side, samples in data['data_samples'].items()
    }
    losses = model(**data, mode='loss')
    size = labels['labeled'].shape[1:]
    first = labeled_losses(
        model.student,
        logits_of(model.student, data['inputs']['labeled'], size),
        labels['labeled'])
    label = labels['unlabeled']
    assert (label == IGNORE).any()  # which is not learned
    second = pseudo_losses(
        model.student,
        logits_of(model.student, data['inputs']['unlabeled'], size), label,
        torch.ones(label.shape), 'weighted')
    for part, factor, expected in (('labeled', 0.5, first),
                                   ('mixed', 0.25, second)):
        key = 'decode.loss_ce'
        assert losses[f'{part}.{key}'].item() == pytest.approx(
            factor * expected[key].item(), rel=1e-5)


def test_padding_is_not_learned():
    model = build_model({
        **file_cfg(), 'data_preprocessor': preprocessor_cfg((40, 72))
    }).train()
    data = model.data_preprocessor(pseudo_labeled_batch(), True)
    model(**data, mode='loss')
    assert (model.pseudo_label[:, 32:] == IGNORE).all()
    assert (model.pseudo_label[:, :, 64:] == IGNORE).all()


def test_a_labeler_does_not_go_with_files():
    with pytest.raises(ValueError, match='does not use `model.pseudo_lab'):
        build_model({
            **file_cfg(), 'pseudo_labeler': dict(
                type='Threshold', threshold=0.)
        })


def test_images_without_a_label_are_refused():
    model = build_model(file_cfg()).train()
    data = model.data_preprocessor(make_batch(), True)
    with pytest.raises(ValueError, match='STPlusPlus.*LoadAnnotations'):
        model(**data, mode='loss')


def test_one_mean_over_all_pixels():
    """Of a pass of both sides, as one batch of labeled images."""
    model = build_model(file_cfg(loss_weights=dict(joint=0.5))).train()
    data = model.data_preprocessor(pseudo_labeled_batch(), True)
    sides = ('labeled', 'unlabeled')
    label = torch.cat([sample.gt_sem_seg.data for side in sides
                       for sample in data['data_samples'][side]])
    losses = model(**data, mode='loss')
    assert {key.split('.')[0] for key in losses if 'loss' in key} == {'joint'}
    expected = labeled_losses(
        model.student,
        logits_of(model.student,
                  torch.cat([data['inputs'][side] for side in sides]),
                  label.shape[1:]), label)
    for key, value in expected.items():
        assert losses[f'joint.{key}'].item() == pytest.approx(
            .5 * value.item(), rel=1e-5)


def test_boxes_are_cut_out_of_unlabeled_images():
    model = build_model(file_cfg(
        cut_out=dict(type='NoiseCutOut', prob=1.))).train()
    data = model.data_preprocessor(pseudo_labeled_batch(), True)
    model(**data, mode='loss')
    cut = (model.mixed.label == IGNORE) & (model.pseudo_label != IGNORE)
    assert cut.flatten(1).any(1).all()
    same = model.mixed.image == data['inputs']['unlabeled']
    assert torch.equal(~same.all(1) & (model.pseudo_label != IGNORE), cut)


def test_a_number_of_passes_is_refused():
    with pytest.raises(ValueError, match="passes must be 'joint' or"):
        build_model(file_cfg(passes='both'))
