"""DSBN: a pass with two kinds of normalization, and two losses."""
import numpy as np
import pytest
import torch
from fake_run import binary_cfg
from helpers import branch, build_model, make_batch, model_cfg

from mmseg_fst.models.losses import head_logits, labeled_losses, rows_of
from mmseg_fst.models.split_batch_norm import SplitBatchNorm, split_batch
from mmseg_fst.ops import self_correction


def dsbn_cfg(**changes):
    """A small network with the method DSBN, without augmentation."""
    return {
        **model_cfg(labels_only=True, dropout=0.),
        **dict(type='DSBN', mixer=dict(type='NoMix'),
               correction=dict(type='SelfCorrectionLoss')), **changes
    }


def pseudo_labeled_batch():
    rng = np.random.default_rng(1)
    return dict(labeled=branch(rng, 2), unlabeled=branch(rng, 3))


def losses_of(model, data):
    return model(**data, mode='loss')


def test_losses_of_both_parts():
    model = build_model(
        dsbn_cfg(loss_weights=dict(labeled=1., mixed=.5))).train()
    assert model.networks == ['student']
    data = model.data_preprocessor(pseudo_labeled_batch(), True)
    labels = {
        side: torch.cat([sample.gt_sem_seg.data for sample in samples])
        for side, samples in data['data_samples'].items()
    }
    losses = losses_of(model, data)
    image = torch.cat([*data['inputs'].values()])
    with split_batch(model.student, 2):
        features = model.student.extract_feat(image)
        logits = {
            'decode': head_logits(
                model.student.decode_head, features, (32, 64)),
            'aux': head_logits(
                model.student.auxiliary_head,
                [feature[:2] for feature in features], (32, 64))
        }
    expected = labeled_losses(
        model.student, rows_of(logits, stop=2), labels['labeled'])
    for name in ('decode.loss_ce', 'aux.loss_ce'):
        assert losses[f'labeled.{name}'].item() == pytest.approx(
            expected[name].item(), rel=1e-5)
    corrected = self_correction(logits['decode'][2:], labels['unlabeled'])
    assert losses['mixed.decode.loss_correction'].item() == pytest.approx(
        .5 * corrected.mean().item(), rel=1e-5)
    assert {name for name in losses if 'loss' in name} == {
        'labeled.decode.loss_ce', 'labeled.aux.loss_ce',
        'mixed.decode.loss_correction'}


def test_pseudo_labeled_images_do_not_move_the_statistics_of_predictions():
    """They are equal after a pass of labeled images alone."""
    model = build_model(dsbn_cfg()).train()
    plain = build_model(dsbn_cfg()).train().student
    data = model.data_preprocessor(pseudo_labeled_batch(), True)
    losses_of(model, data)
    with split_batch(plain, 2):
        plain.backbone(data['inputs']['labeled'])
    first, second = (
        [layer for layer in network.backbone.modules()
         if isinstance(layer, SplitBatchNorm)]
        for network in (model.student, plain))
    for layer, alone in zip(first, second):
        torch.testing.assert_close(
            layer.main.running_mean, alone.main.running_mean)
        assert not torch.equal(
            layer.main.running_mean, layer.other.running_mean)


def test_auxiliary_heads_receive_labeled_images_alone():
    model = build_model(dsbn_cfg()).train()
    head, counts = model.student.auxiliary_head, []
    assert not any(
        isinstance(layer, SplitBatchNorm) for layer in head.modules())
    head.register_forward_pre_hook(
        lambda module, args: counts.append(len(args[0][2])))
    losses_of(model, model.data_preprocessor(pseudo_labeled_batch(), True))
    assert counts == [2]


def test_every_weight_has_a_gradient():
    """Both layers, too; else several processes would wait for them."""
    model = build_model(dsbn_cfg()).train()
    data = model.data_preprocessor(pseudo_labeled_batch(), True)
    model.parse_losses(losses_of(model, data))[0].backward()
    assert not [name for name, weight in model.student.named_parameters()
                if weight.grad is None]


def test_a_binary_network_has_two_classes():
    """Logits of class 1 are compared with 0."""
    model = build_model(dsbn_cfg(segmentor=binary_cfg(.4))).train()
    data = model.data_preprocessor(pseudo_labeled_batch(), True)
    for samples in data['data_samples'].values():
        for sample in samples:
            label = sample.gt_sem_seg.data
            sample.gt_sem_seg.data = torch.where(
                label == 255, label, label % 2)
    losses = losses_of(model, data)
    assert 0 < losses['mixed.decode.loss_correction'] < 10
    model.parse_losses(losses)[0].backward()
    assert model.student.decode_head.conv_seg.weight.grad.any()


def test_images_without_a_label_are_refused():
    model = build_model(dsbn_cfg()).train()
    data = model.data_preprocessor(make_batch(), True)
    with pytest.raises(ValueError, match='DSBN: .*LoadAnnotations'):
        losses_of(model, data)


def test_the_correction_is_required():
    cfg = dsbn_cfg()
    del cfg['correction']
    with pytest.raises(TypeError, match='missing.*correction'):
        build_model(cfg)


def test_a_network_without_batch_normalization_is_refused():
    cfg = dsbn_cfg()
    norm_cfg = dict(type='GN', num_groups=2)
    for part in ('backbone', 'decode_head', 'auxiliary_head'):
        cfg['segmentor'][part]['norm_cfg'] = norm_cfg
    with pytest.raises(ValueError, match='no batch normalization to split'):
        build_model(cfg)
