"""AllSpark: channels by class, the memory, who attends to what, and when."""
import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope

from mmseg_fst.methods import all_spark
from mmseg_fst.models import AllSparkNeck, semantic_memory
from mmseg_fst.ops import channel_weights, enqueue_channels, group_channels
from mmseg_fst.registry import MODELS

from ..test_engine.toy import (  # noqa: TID252
    ToyPairs,
    all_spark_config,
    assert_equal,
    make_runner,
)

SGD = dict(type='SGD', lr=.05, momentum=.9)
CLASSES, CHANNELS, SIZE = 3, 6, (2, 3)


def numbers(*shape, seed=0):
    return torch.randn(
        *shape, dtype=torch.float64,
        generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def neck():
    torch.manual_seed(0)
    return AllSparkNeck(CHANNELS, CLASSES, SIZE).double().eval()


def model(**changes):
    torch.manual_seed(0)
    init_default_scope('mmseg_fst')
    return MODELS.build(ConfigDict(all_spark_config(**changes))).train()


def data_of(model, count=2):
    items = [dict(labeled=ToyPairs._item(seed, True),
                  unlabeled=ToyPairs._item(100 + seed, False))
             for seed in range(count)]
    return model.data_preprocessor({
        side: {key: [item[side][key] for item in items]
               for key in ('inputs', 'data_samples')}
        for side in ('labeled', 'unlabeled')}, True)


def losses_of(model, seed=0):
    torch.manual_seed(seed)
    return model(**data_of(model), mode='loss')


def test_channels_by_class_one_by_one():
    scores, features = numbers(2, CLASSES, 8, 12), numbers(2, 5, 4, 6, seed=1)
    small = F.interpolate(
        scores, (4, 6), mode='bilinear', align_corners=False)
    found = group_channels(scores, features)
    for image in range(2):
        for channel in range(5):
            likeness = [
                F.cosine_similarity(each.flatten(),
                                    features[image, channel].flatten(), dim=0)
                for each in small[image]]
            assert likeness[found[image, channel]] == max(likeness)
    assert len(found.unique()) == CLASSES


def test_queues_one_channel_at_a_time():
    channels, generator = 5, torch.Generator().manual_seed(2)
    queue = numbers(CLASSES, channels, 4)
    position = torch.zeros(CLASSES, dtype=torch.int64)
    want, places = queue.clone(), [0] * CLASSES
    for step in range(6):
        maps = numbers(2, channels, 4, seed=10 + step)
        classes = torch.randint(0, 2 + step % 2, (2, channels),
                                generator=generator)
        before = queue.clone()
        after, position = enqueue_channels(queue, position, maps, classes)
        assert torch.equal(queue, before)
        for image in range(2):
            for rows, label in zip(maps[image], classes[image].tolist()):
                want[label, places[label] % channels] = rows
                places[label] += 1
        queue = after
        assert torch.equal(queue, want)
        assert position.tolist() == [place % channels for place in places]
    assert min(places) > 0 and max(places) > 2 * channels


def test_similarities_are_normalized_over_all_pairs():
    query, key = numbers(2, 1, 4, 6), numbers(1, 1, 9, 6, seed=1)
    for image, found in zip(query[:, 0], channel_weights(query, key)[:, 0]):
        pairs = image @ key[0, 0].T
        scaled = (pairs - pairs.mean()) / (pairs.var(correction=0) + 1e-5)**.5
        torch.testing.assert_close(found, scaled.softmax(1))


def test_similarities_have_the_range_of_float32():
    query, key = (300 * numbers(1, 1, 4, 6, seed=seed).float()
                  for seed in range(2))
    with torch.autocast('cpu', torch.float16):
        found = channel_weights(query, key)
    assert (query @ key.mT).abs().max() > 65504
    assert torch.equal(found, channel_weights(query, key))


def test_in_evaluation_images_are_alone(neck):
    features = [numbers(3, 2, 8, 8), numbers(3, CHANNELS, 4, 5)]
    whole = neck(features)
    assert whole[0] is features[0] and whole[1].shape == features[1].shape
    neck.memory.queue.fill_(7.)
    for index in range(3):
        alone = neck([each[index:index + 1] for each in features])[1]
        torch.testing.assert_close(whole[1][index:index + 1], alone)
    assert not torch.allclose(neck(features, together=True)[1], whole[1])


@pytest.mark.parametrize('from_memory', [True, False])
def test_labeled_images_attend_to_unlabeled_ones(neck, from_memory):
    features, scores = [numbers(4, CHANNELS, *SIZE)], numbers(2, CLASSES, 8, 8)

    def outputs(*, memory=0., changed=None):
        maps = features[0].clone()
        if changed is not None:
            maps[changed] = numbers(CHANNELS, *SIZE, seed=5)
        other = copy.deepcopy(neck)
        other.memory.queue += memory
        return other.exchange([maps], 2, scores, from_memory)[0]

    first = outputs()
    memory, labeled, unlabeled = (
        (outputs(**change) - first).abs().amax((1, 2, 3)) > 1e-9
        for change in (dict(memory=1.), dict(changed=0), dict(changed=2)))
    assert memory.tolist() == [from_memory] * 2 + [False] * 2
    assert labeled.tolist() == [True, False, False, False]
    # The memory already has the channels of this batch.
    assert unlabeled.tolist() == [True, True, True, False]


def test_the_memory_has_no_gradient(neck):
    features = numbers(4, CHANNELS, *SIZE).requires_grad_()
    neck.exchange([features], 2, numbers(2, CLASSES, 8, 8))[0][:2].sum(
        ).backward()
    assert features.grad[:2].any() and not features.grad[2:].any()
    assert neck.cross_attention.key.weight.grad.any()


def test_the_memory_begins_in_time(monkeypatch):
    """Until then labeled images attend to the batch."""
    own = model(memory_from=.5)
    called = []
    exchange = own.neck.exchange
    own.neck.exchange = lambda *args, **options: called.append(
        options['from_memory']) or exchange(*args, **options)
    for progress in (0., .49, .5, .9):
        monkeypatch.setattr(all_spark, 'training_progress', lambda: progress)
        losses_of(own)
    assert called == [False, False, True, True]


def test_a_step_is_staged():
    own = model()
    memory = own.neck.memory
    before = memory.queue.clone()
    losses_of(own)
    assert memory.staged is not None
    assert torch.equal(memory.queue, before) and not memory.position.any()
    own.discard()
    own.commit()
    assert torch.equal(memory.queue, before)
    losses_of(own)
    queue, position = memory.staged
    own.commit()
    assert torch.equal(memory.queue, queue) and position.any()
    assert torch.equal(memory.position, position)
    # Two images of 32 channels each.
    assert (memory.queue != before).any(2).sum() <= 64


def test_labels_are_those_of_evaluation():
    own = model()
    found = own.label_logits(data_of(own)['inputs']['unlabeled'])
    assert own.training and own.student.training
    own.student.eval()
    want = own.student(data_of(own)['inputs']['unlabeled'])
    torch.testing.assert_close(
        found, F.interpolate(want, (32, 32), mode='bilinear'))
    other = model(label_by='batch')
    assert not torch.allclose(
        found, other.label_logits(data_of(other)['inputs']['unlabeled']))


def test_labeled_images_are_augmented_and_unlabeled_ones_are_not():
    own, inputs = model(), []
    own.photometric.forward = lambda image, mean, std: image + 100
    own.student.backbone.register_forward_pre_hook(
        lambda module, args: inputs.append(args[0]))
    losses = losses_of(own)
    images = data_of(own)['inputs']
    assert torch.equal(inputs[0], images['unlabeled'])
    torch.testing.assert_close(inputs[1], torch.cat(
        [images['labeled'] + 100, images['unlabeled']]))
    assert len(inputs) == 2
    assert {'labeled.decode.loss_ce', 'unlabeled.decode.loss_ce'} <= set(
        losses)


def test_padding_has_no_pseudo_label():
    own, data = model(), data_of(model())
    for sample in data['data_samples']['unlabeled']:
        sample.set_metainfo(dict(img_shape=(20, 32)))
    own(**data, mode='loss')
    assert (own.pseudo_label[:, 20:] == 255).all()
    assert (own.pseudo_label[:, :20] != 255).all()


def test_images_of_all_processes_in_the_order_of_one(monkeypatch):
    """Of four images the first process has the first and the third."""
    monkeypatch.setattr(
        semantic_memory, 'all_gather', lambda values: [values, values + 1])
    assert semantic_memory.gather_images(
        torch.tensor([[0], [2]])).tolist() == [[0], [1], [2], [3]]


def test_a_resumed_run_has_the_same_memory(tmp_path):
    changes = dict(
        model=all_spark_config(), max_iters=4,
        default_hooks=dict(checkpoint=dict(
            type='CheckpointHook', by_epoch=False, interval=2)))
    hooks = [dict(type='SeedIterationHook')]
    runner = make_runner(tmp_path / 'whole', hooks, SGD, **changes)
    runner.train()
    again = make_runner(
        tmp_path / 'again', hooks, SGD, resume=True,
        load_from=str(tmp_path / 'whole' / 'iter_2.pth'), **changes)
    again.train()
    whole = runner.model.state_dict()
    assert whole['student.neck.memory.position'].any()
    assert_equal(whole, again.model.state_dict())


@pytest.mark.parametrize('change, message', [
    (dict(group_by='labels'), "group_by must be 'probabilities' or 'logits'"),
    (dict(label_by='memory'), "label_by must be 'image' or 'batch'"),
    (dict(memory_from=1.5), r'memory_from must be in \[0, 1\], got 1.5'),
    (dict(warmup_iters=3), 'does not use `model.warmup_iters`'),
    (dict(mixer=dict(type='ClassMix')), 'does not use `model.mixer`')])
def test_wrong_arguments_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        model(**change)


@pytest.mark.parametrize('neck', [
    None, dict(type='AllSparkNeck', in_channels=32, num_classes=4,
               size=(8, 8))])
def test_a_neck_that_does_not_fit_is_refused(neck):
    segmentor = dict(all_spark_config()['segmentor'], neck=neck)
    with pytest.raises(ValueError, match='segmentor.neck.*num_classes=5'):
        model(segmentor=segmentor)


def test_a_crop_of_another_size_is_refused(neck):
    with pytest.raises(ValueError, match=r'\(4, 5\), the memory \(2, 3\)'):
        neck.exchange([numbers(2, CHANNELS, 4, 5)], 1, numbers(1, CLASSES, 8,
                                                               8))
