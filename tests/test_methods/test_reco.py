"""ReCo: confident images weigh more, regions are compared."""
import pytest
import torch
import torch.nn.functional as F
from helpers import build_model, make_batch, model_cfg, network_cfg
from ssl_methods import Brighter

from mmseg_fst.models import PixelProjection, RegionContrast, UnlabeledClassMix
from mmseg_fst.models.projection import classified_features
from mmseg_fst.ops import confident_shares
from mmseg_fst.registry import MODELS

from ..test_engine.toy import (  # noqa: TID252
    assert_equal,
    reco_config,
    trained,
)

CONTRAST = dict(type='RegionContrast', num_queries=6, num_negatives=4,
                weak_threshold=0., strong_threshold=.2)


def reco_cfg(**changes):
    """A model with the method ReCo and a small network."""
    network = network_cfg()
    for head in ('decode_head', 'auxiliary_head'):
        network[head]['loss_decode']['avg_non_ignore'] = True
    return model_cfg(**{**dict(
        type='ReCo', segmentor=network,
        pseudo_labeler=dict(type='ConfidenceWeight'),
        mixer=dict(type='UnlabeledClassMix'), contrast=CONTRAST,
        projection=dict(type='PixelProjection', channels=5)), **changes})


def losses_of(model, seed=0):
    torch.manual_seed(seed)
    return model(**model.data_preprocessor(make_batch(), True), mode='loss')


def test_mixed_images_are_weighted_by_their_confident_pixels():
    model = build_model(reco_cfg()).train()
    losses_of(model)
    threshold = float(model.mixed.weight.median())
    model.contrast.strong_threshold = threshold
    losses = losses_of(model)
    mixed, known = model.mixed, model.mixed.label != 255
    share = ((mixed.weight >= threshold) & known).flatten(1).sum(
        1) / known.flatten(1).sum(1)
    assert 0 < share.min() < 1 and share[0] != share[1]
    torch.testing.assert_close(losses['pseudo_label_weight'], share.mean())


def test_labeled_images_are_augmented_as_well():
    model, images = build_model(reco_cfg()).train(), {}
    for name in ('student', 'teacher'):
        getattr(model, name).backbone.register_forward_pre_hook(
            lambda module, inputs, name=name: images.setdefault(
                name, []).append(inputs[0]))
    model.photometric = Brighter()
    sides = model.data_preprocessor(make_batch(), True)['inputs']
    losses_of(model)
    labeled, mixed = images['student']
    assert torch.equal(labeled, sides['labeled'] + 10)
    assert torch.equal(mixed, model.mixed.image) and mixed.mean() > 15
    assert torch.equal(images['teacher'][0], sides['unlabeled'])


def test_shares_count_pixels_with_a_label():
    confidence = torch.tensor([[[.9, .5, .9, .2]], [[.9, .9, .1, .1]]])
    label = torch.tensor([[[1, 2, 255, 0]], [[255, 255, 255, 255]]])
    assert confident_shares(confidence, label, .5).tolist() == [
        pytest.approx(2 / 3), 0]


def test_each_image_keeps_half_of_its_classes():
    label = torch.tensor([[0, 1, 2, 3]] * 4)[None].repeat(3, 1, 1)
    label[:, 0, 0] = 255
    label = label + torch.tensor([0, 10, 20])[:, None, None] * (label < 255)
    image = label[:, None].expand(3, 3, 4, 4).double()
    mixed = UnlabeledClassMix()(None, (image, label, image[:, 0] / 255))
    assert torch.equal(mixed.image[:, 0], mixed.label.double())
    assert torch.equal(mixed.weight, mixed.image[:, 0] / 255)
    assert mixed.index.tolist() == [1, 2, 0]
    for index, own in enumerate(mixed.label):
        stays = own[1:] // 10 == index
        assert stays.all(0).sum() == 2
        assert (stays.any(0) == stays.all(0)).all()
        assert own[0, 0] == 255
    with pytest.raises(ValueError, match='UnlabeledClassMix.*batch_size'):
        UnlabeledClassMix()(None, (image[:1], label[:1], image[:1, 0]))


def contrast_inputs(classes=3):
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(2, 5, 4, 4, generator=generator)
    logits = torch.randn(2, classes, 4, 4, generator=generator)
    label = torch.randint(classes, (2, 8, 8), generator=generator)
    return rows.requires_grad_(), logits, label, torch.ones(2, 8, 8)


def test_unsure_pseudo_labels_and_sure_predictions_take_no_part():
    rows, logits, label, confidence = contrast_inputs()
    contrast = RegionContrast(num_queries=50, num_negatives=3,
                              strong_threshold=.6)
    confidence[0] = .69
    label[1, :2] = 255
    contrast(rows, logits, label, confidence).backward()
    hit = rows.grad.abs().sum(1) > 0
    assert not hit[0].any() and not hit[1, 0].any()
    own = logits.softmax(1).gather(1, F.interpolate(
        label[:, None].float(), (4, 4)).long().clamp(max=2))[:, 0]
    assert not hit[own >= .6].any()
    assert hit[1][own[1] < .6].sum() > 3


@pytest.mark.parametrize('classes', [[], [1]])
def test_a_batch_of_one_class_has_no_contrast(classes):
    rows, logits, label, confidence = contrast_inputs()
    label[:] = 255
    label[:, :4] = classes[0] if classes else 255
    loss = RegionContrast(4, 3)(rows, logits, label, confidence)
    loss.backward()
    assert loss == 0 and not rows.grad.any()


def test_the_mean_is_taken_over_the_classes_that_occur():
    """A class that the student is sure of has no query, but counts."""
    rows, logits, label, confidence = contrast_inputs()
    torch.manual_seed(0)
    both = RegionContrast(4, 3, strong_threshold=1.)(
        rows, logits, label, confidence)
    sure = logits.detach().clone()
    sure[:, 2] += 100
    torch.manual_seed(0)
    fewer = RegionContrast(4, 3, strong_threshold=.999)(
        rows, sure, label, confidence)
    assert 0 < fewer < both


def test_features_are_those_before_the_dropout():
    model = build_model(reco_cfg()).train()
    head = model.student.decode_head
    assert head.dropout is not None
    features = model.student.extract_feat(torch.randn(2, 3, 32, 48))
    view = classified_features(head, features)
    assert view.representation.shape[1] == head.conv_seg.in_channels
    assert (view.representation == 0).float().mean() < .9
    head.eval()
    view = classified_features(head, features)
    assert torch.equal(head.conv_seg(view.representation), view.logits)
    assert not head.conv_seg._forward_pre_hooks
    assert not head.dropout._forward_pre_hooks


def test_projection_learns_with_the_student():
    model = build_model(reco_cfg()).train()
    losses = losses_of(model)
    assert losses['loss_contrast'] > 0
    model.parse_losses(losses)[0].backward()
    projection = model.auxiliary['projection_head']
    assert isinstance(projection, PixelProjection)
    assert all(weight.grad.any() for weight in projection.parameters())


@pytest.mark.parametrize('changes, message', [
    (dict(projection=None), 'ReCo needs a representation of pixels'),
    (dict(warmup_iters=3), 'ReCo does not use .*warmup_iters'),
    (dict(regularizer=dict(type='FeatureDistance', classes=[1])),
     'ReCo does not use .*regularizer'),
    (dict(mixer=None), 'ReCo needs `model.mixer`'),
    (dict(contrast=dict(CONTRAST, strong_threshold=2.)),
     'RegionContrast: strong_threshold must be in'),
    (dict(contrast=dict(CONTRAST, num_queries=0)),
     'RegionContrast: num_queries and num_negatives'),
    (dict(projection=dict(type='PixelProjection', channels=0)),
     'PixelProjection: channels'),
])
def test_wrong_arguments_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        build_model(reco_cfg(**changes))


def test_a_head_without_classifier_is_refused():
    cfg = reco_cfg()
    head = cfg['segmentor']['decode_head']
    cfg['segmentor']['decode_head'] = dict(
        type='DeepLabV2Head', in_channels=head['in_channels'],
        in_index=head['in_index'], num_classes=11, align_corners=False)
    with pytest.raises(ValueError, match='DeepLabV2Head has no classifier'):
        MODELS.build(cfg)


SGD = dict(type='SGD', lr=.05, momentum=.9)


def test_fst_of_depth_zero_is_the_method_and_of_depth_two_is_not(tmp_path):
    options = dict(decay=.9, when='after')
    states = [
        trained(tmp_path / str(index), dict(hook, **options), SGD,
                model=reco_config(), max_iters=3)[0]
        for index, hook in enumerate((
            dict(type='MeanTeacherHook'), dict(type='FSTHook', depth=0),
            dict(type='FSTHook', depth=2)))
    ]
    assert any(name.startswith('auxiliary.') for name in states[0])
    assert_equal(*states[:2])
    assert any(not torch.equal(value, states[2][name])
               for name, value in states[0].items())


@pytest.mark.parametrize('resample_mix', [True, False])
def test_virtual_steps_leave_no_trace_in_what_is_trained(tmp_path,
                                                         resample_mix):
    """Where the student does not listen to the teacher.

    Statistics follow the mixed images, for which the teacher labels.
    """
    model = reco_config(
        contrast=dict(type='RegionContrast', num_queries=8, num_negatives=5,
                      weak_threshold=0., strong_threshold=1.),
        loss_weights=dict(labeled=1., mixed=0.))
    model['contrast']['loss_weight'] = 0.
    hook = dict(type='FSTHook', restore='all', when='after',
                resample_mix=resample_mix)
    states = [
        trained(tmp_path / str(depth), dict(hook, depth=depth), SGD,
                model=model, max_iters=2)[0] for depth in (0, 2)
    ]
    own = [{name: value for name, value in state.items()
            if name.startswith(('student', 'auxiliary'))
            and name.endswith(('weight', 'bias'))} for state in states]
    assert_equal(*own)
