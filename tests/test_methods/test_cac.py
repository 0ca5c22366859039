"""CAC: overlaps of crops, the direction of the contrast, its memory."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope

from mmseg_fst.datasets import OverlappingCrops, PackByteInputs
from mmseg_fst.models import DirectionalContrast
from mmseg_fst.models.projection import PixelView
from mmseg_fst.ops import directed_mean, directional_losses, overlap_index
from mmseg_fst.registry import MODELS

from ..test_engine.toy import (  # noqa: TID252
    ToyCrops,
    ToyPairs,
    assert_equal,
    cac_config,
    make_runner,
    prepare,
    trained,
)

SGD = dict(type='SGD', lr=.05, momentum=.9)


def numbers(*shape, seed=0):
    return torch.randn(
        *shape, dtype=torch.float64,
        generator=torch.Generator().manual_seed(seed))


def crops_of(size, seed, **changes):
    """Two crops of an image whose values are its places."""
    np.random.seed(seed)
    places = np.arange(1, size[0] * size[1] + 1).reshape(size)
    image = np.stack([places // 256, places % 256, 0 * places], 2)
    crops = OverlappingCrops(
        **{**dict(crop_size=(32, 48), pad_val=(0, 0, 0)), **changes})
    return crops.transform(dict(img=image.astype(np.uint8)))


@pytest.mark.parametrize('size', [(80, 90), (40, 48), (20, 30), (33, 100)])
@pytest.mark.parametrize('seed', range(8))
def test_overlaps_show_the_same_pixels(size, seed):
    done = crops_of(size, seed)
    assert done['img'].shape == (64, 48, 3) and done['img_shape'] == (64, 48)
    parts = []
    for crop, box, flip in zip(np.split(done['img'], 2), done['overlaps'],
                               done['flips']):
        crop = crop[:, ::-1] if flip else crop
        top, left, bottom, right = box
        parts.append(crop[top:bottom, left:right].astype(int))
        assert (np.array(box) % 8 == 0).all()
    assert parts[0].size and (parts[0] == parts[1]).all()
    assert (parts[0][..., 0] * 256 + parts[0][..., 1] > 0).all(), 'padding'


def test_crops_overlap_as_much_as_asked():
    found, flips = set(), set()
    for seed in range(60):
        done = crops_of((100, 120), seed, iou=(.2, .5))
        top, left, bottom, right = done['overlaps'][0]
        common = (bottom - top) * (right - left)
        share = common / (2 * 32 * 48 - common)
        assert .2 <= share <= .5 or share == 1, share
        found.add(round(share, 2))
        flips.add(done['flips'])
    assert len(found) > 5 and len(flips) == 4


def test_the_places_reach_the_data_sample():
    done = PackByteInputs(meta_keys=('img_shape', 'overlaps', 'flips'))(
        crops_of((80, 90), 0))
    assert done['inputs'].shape == (3, 64, 48)
    assert set(done['data_samples'].metainfo) == {
        'img_shape', 'overlaps', 'flips'}


def test_positions_of_a_flipped_map():
    maps = torch.arange(2 * 3 * 4).view(2, 3, 4)
    index = overlap_index([(0, 8, 8, 24), (8, 0, 24, 8)], [False, True],
                          (3, 4), 8)
    assert index.tolist() == [*maps[0, :1, 1:3].flatten().tolist(),
                              *maps[1].flip(1)[1:3, :1].flatten().tolist()]


def test_the_loss_by_hand():
    rows, target, keys = (
        F.normalize(numbers(size, 4, seed=size), dim=1)
        for size in (5, 5, 9))
    label, key_label = torch.tensor([0, 1, 2, 0, 1]), torch.arange(9) % 3
    rows.requires_grad_()
    whole = directional_losses(rows, target, label, keys, key_label, .1)
    for index, loss in enumerate(whole):
        other = keys[key_label != label[index]]
        logits = torch.cat([target[index][None], other]) @ rows[index] / .1
        torch.testing.assert_close(
            loss, -logits.log_softmax(0)[0], rtol=1e-5, atol=1e-5)
    # Without chunks, the shift has seen all keys.
    parts = directional_losses(rows, target, label, keys, key_label, .1, 4)
    torch.testing.assert_close(whole, parts, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        *(torch.autograd.grad(value.sum(), rows)[0]
          for value in (whole, parts)), rtol=1e-5, atol=1e-5)


def test_the_surer_pixel_is_not_pulled():
    losses = torch.tensor([1., 2., 4., 8.])
    confidence = torch.tensor([.9, .5, .5, .8])
    other = torch.tensor([.8, .8, .7, .9])
    assert directed_mean(losses, confidence, other, .75) == 5
    assert directed_mean(losses, confidence, other, .99) == 0


def view(seed):
    return PixelView(3 * numbers(2, 3, 4, 4, seed=seed),
                     numbers(2, 5, 4, 4, seed=seed + 10).requires_grad_())


def test_each_crop_learns_where_the_other_is_surer():
    contrast = DirectionalContrast(5, num_keys=30, threshold=0.)
    views = view(0), view(1)
    index = torch.arange(8)
    contrast(*views, (index, index)).backward()
    first, second = (
        crop.logits.softmax(1).amax(1).flatten()[:8] for crop in views)
    for crop, less in zip(views, (first < second, second < first)):
        hit = crop.representation.grad.abs().sum(1).flatten() > 0
        assert torch.equal(hit[:8], less) and not hit[8:].any()


def test_the_memory_holds_past_batches_of_real_steps():
    contrast = DirectionalContrast(5, num_keys=6, past_batches=2)
    index = torch.arange(8)
    sizes = []
    for seed in range(4):
        contrast(view(seed), view(seed + 1), (index, index))
        contrast.discard()
        contrast(view(seed), view(seed + 1), (index, index))
        latest = contrast.staged[0].clone()
        contrast.commit()
        sizes.append(len(contrast.keys))
        torch.testing.assert_close(contrast.keys[-12:], latest.float())
    assert sizes == [12, 24, 24, 24]
    other = DirectionalContrast(5, num_keys=6)
    other.load_state_dict(contrast.state_dict())
    assert_equal(other.state_dict(), contrast.state_dict())


def toy(data=None, **changes):
    return dict(model=cac_config(**changes), train_dataloader=dict(
        batch_size=2, num_workers=0, dataset=data or ToyCrops(),
        sampler=dict(type='PairedSampler', seed=0)))


def test_it_trains_the_student_and_the_projection(tmp_path):
    hook = dict(type='PrepareModelHook')
    states = [
        trained(tmp_path / str(weight), hook, SGD, max_iters=2, **toy(
            contrast=dict(type='DirectionalContrast', num_keys=10,
                          threshold=0., loss_weight=weight)))[0]
        for weight in (0., .1)
    ]
    for part in ('student.backbone', 'auxiliary.projection_head'):
        assert any(not torch.equal(value, states[1][name])
                   for name, value in states[0].items()
                   if name.startswith(part))
    assert len(states[0]['contrast.keys']) == 2 * 20


def test_before_it_begins_each_weight_has_a_gradient(tmp_path):
    """Else several processes would wait for it."""
    runner = make_runner(tmp_path, [], SGD, **toy(warmup_iters=5))
    model, batch = runner.model, prepare(runner)
    losses = model(**model.data_preprocessor(batch, True), mode='loss')
    assert losses['loss_unused'] == 0 and model.contrast.staged is None
    model.parse_losses(losses)[0].backward()
    assert all(weight.grad is not None
               for weight in model.trained_parameters())


@pytest.mark.parametrize('changes, message', [
    (dict(data=ToyPairs()), "no 'overlaps'; .*OverlappingCrops"),
    (dict(stride=4), 'does not fit stride=4 and pooling=2'),
    (dict(pooling=1), 'does not fit stride=8 and pooling=1'),
])
def test_crops_that_do_not_fit_are_refused(tmp_path, changes, message):
    runner = make_runner(tmp_path, [], SGD, max_iters=1, **toy(**changes))
    with pytest.raises(ValueError, match=message):
        runner.train()


@pytest.mark.parametrize('changes, message', [
    (dict(pseudo_labeler=dict(type='Threshold')),
     'CAC does not use `model.pseudo_labeler`'),
    (dict(regularizer=dict(type='FeatureDistance', classes=[1])),
     'CAC does not use .*regularizer'),
    (dict(projection=None), 'CAC needs a representation of pixels'),
    (dict(contrast=dict(type='DirectionalContrast', threshold=2.)),
     'DirectionalContrast: threshold must be in'),
    (dict(contrast=dict(type='DirectionalContrast', num_keys=0)),
     'DirectionalContrast: num_keys must be'),
])
def test_wrong_arguments_are_refused(changes, message):
    init_default_scope('mmseg_fst')
    with pytest.raises(ValueError, match=message):
        MODELS.build(ConfigDict(cac_config(**changes)))


@pytest.mark.parametrize('changes, message', [
    (dict(crop_size=(32, 30)), 'crop_size must be multiples of stride=8'),
    (dict(iou=(.5, .1)), 'iou must be a range'),
    (dict(flip_prob=2.), 'flip_prob must be in'),
])
def test_wrong_crops_are_refused(changes, message):
    with pytest.raises(ValueError, match=f'OverlappingCrops: {message}'):
        OverlappingCrops(**{**dict(crop_size=(32, 48)), **changes})
