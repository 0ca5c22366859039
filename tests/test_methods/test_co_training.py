"""Students that label for one another, against the step written down."""
import copy
import weakref

import pytest
import torch
import torch.nn.functional as F
from helpers import IGNORE, NUM_CLASSES, make_batch
from students import co_training, model_cfg, student_cfg
from torch import nn

from mmseg_fst.methods import PseudoLabels, Side
from mmseg_fst.models.domains import to_domain, views_in_domains
from mmseg_fst.models.losses import resize_logits
from mmseg_fst.registry import MODELS


class Halves(nn.Module):
    """A backbone that reads images of half the size, with their mean."""

    domain = 'halves'
    domain_stride = 2

    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def to_domain(self, image):
        half = F.avg_pool2d(image, 2)
        return torch.cat([half, half.mean(1, keepdim=True)], 1)

    def forward(self, image):
        if image.shape[1] == 3:
            image = self.to_domain(image)
        return self.backbone(image)


def checkpointed():
    network = student_cfg()
    network['backbone']['with_cp'] = True
    return network


def batch_of(model, seed=0):
    data = model.data_preprocessor(make_batch(seed=seed), True)
    dtype = next(model.parameters()).dtype
    data['inputs'] = {
        name: image.to(dtype) for name, image in data['inputs'].items()
    }
    return data


def loss_of(model, seed=0):
    torch.manual_seed(seed)
    losses = model(**batch_of(model, seed), mode='loss')
    return losses, sum(
        value for name, value in losses.items() if 'loss' in name)


def logits_of(network, image, size):
    features = network.extract_feat(to_domain(network, image))
    heads = [network.decode_head]
    if network.with_auxiliary_head:
        heads.append(network.auxiliary_head)
    return [resize_logits(head(features), size, False) for head in heads]


def cross_entropy(all_logits, label):
    return sum(
        share * F.cross_entropy(logits, label, ignore_index=IGNORE)
        for share, logits in zip((1, .4), all_logits))


def step_by_hand(students, data):
    """Cross pseudo supervision: every student for every other."""
    image, weak = data['inputs']['labeled'], data['inputs']['unlabeled']
    label = torch.cat([
        sample.gt_sem_seg.data for sample in data['data_samples']['labeled']])
    size, count = label.shape[1:], len(label)
    total, labels = 0, []
    for network in students:
        logits = logits_of(network, torch.cat([image, weak]), size)
        total += cross_entropy([value[:count] for value in logits], label)
        labels.append(logits[0][count:].detach().argmax(1))
    for i, network in enumerate(students):
        logits = logits_of(network, weak, size)
        peers = [other for j, other in enumerate(labels) if j != i]
        total += sum(
            cross_entropy(logits, peer) for peer in peers) / len(peers)
    return total / len(students)


@pytest.mark.parametrize('backward', ['staged', 'separate', 'joint'])
@pytest.mark.parametrize('names', [
    ('narrow', 'narrow_b'), ('narrow', 'wide'), ('wide', 'narrow', 'wide_b')])
def test_trajectory_of_cps(names, backward):
    model = co_training(names, double=True, backward=backward)
    students = [copy.deepcopy(student) for student in model.student.values()]
    starts = copy.deepcopy(model.student.state_dict())

    def sgd(networks):
        return torch.optim.SGD(
            [
                weight for network in networks
                for weight in network.parameters()
            ],
            lr=.05, momentum=.9, weight_decay=1e-4)

    actual, expected = sgd([model.student]), sgd(students)
    for step in range(3):
        losses, loss = loss_of(model, seed=step)
        actual.zero_grad()
        loss.backward()
        actual.step()
        want = step_by_hand(students, batch_of(model, seed=step))
        expected.zero_grad()
        want.backward()
        expected.step()
        torch.testing.assert_close(loss, want, rtol=1e-9, atol=0)
    for network, (name, own) in zip(students, model.student.items()):
        state = own.state_dict()
        moved = 0
        for key, value in network.state_dict().items():
            torch.testing.assert_close(
                state[key], value, rtol=1e-9, atol=1e-12, msg=key)
            moved += not torch.equal(value, starts[f'{name}.{key}'])
        assert moved > .9 * len(state)


def test_no_student_labels_for_itself():
    """A student's own pseudo-label changes nothing in its gradient."""
    model = co_training(('narrow', 'wide'))
    label = model.pseudo_labels

    def gradients(changed):
        calls = iter(model.student)

        def changed_label(side, logits):
            label_of, weight = label(side, logits)
            if next(calls) == changed:
                label_of = (label_of + 1) % NUM_CLASSES
            return PseudoLabels(label_of, weight)

        model.pseudo_labels = changed_label
        model.zero_grad()
        loss_of(model)[1].backward()
        return {
            name: torch.cat([w.grad.flatten() for w in student.parameters()])
            for name, student in model.student.items()
        }

    plain, changed = gradients(None), gradients('wide')
    assert not torch.equal(plain['narrow'], changed['narrow'])
    torch.testing.assert_close(plain['wide'], changed['wide'])


def test_pseudo_labels_have_no_gradient():
    model = co_training(backward='joint', loss_weights=dict(labeled=0.))
    losses, _ = loss_of(model)
    losses['wide.mixed.decode.loss_ce'].backward()
    assert all(
        w.grad is None or not w.grad.any()
        for w in model.student['narrow'].parameters())
    assert any(w.grad.any() for w in model.student['wide'].parameters()
               if w.grad is not None)


def test_the_divisor_counts_valid_pixels_confident_or_not():
    model = co_training(
        pseudo_labeler=dict(type='Threshold', threshold=.12))
    data = batch_of(model)
    for sample in data['data_samples']['unlabeled']:
        sample.set_metainfo(dict(img_shape=(32, 48)))
    found = {}
    pseudo_labels, peer_pass = model.pseudo_labels, model._peer_pass
    names = iter(model.student)

    def spy_labels(side, logits):
        found[next(names)] = logits.detach()
        return pseudo_labels(side, logits)

    def spy_mixed(name, image, labels):
        network = model.student[name]
        with torch.no_grad():
            found[f'{name}_strong'] = resize_logits(
                network(image), (32, 64), False)
        return peer_pass(name, image, labels)

    model.pseudo_labels, model._peer_pass = spy_labels, spy_mixed
    losses = model(**data, mode='loss')
    for name, peer in (('narrow', 'wide'), ('wide', 'narrow')):
        confidence, label = found[peer].softmax(1).max(1)
        counts = (confidence >= .12).float()
        assert 0 < counts.mean() < 1
        counts[..., 48:] = 0
        loss = F.cross_entropy(
            found[f'{name}_strong'], label, reduction='none')
        want = (loss * counts).sum() / (2 * 32 * 48) / 2
        torch.testing.assert_close(losses[f'{name}.mixed.decode.loss_ce'],
                                   want)


@pytest.mark.parametrize('views, calls', [('domain', 2), ('student', 3)])
def test_who_shares_a_strong_view(views, calls):
    model = co_training(
        ('narrow', 'wide', 'halves'), views=views,
        photometric=dict(type='StrongPhotometric', jitter_prob=1.))
    read_halves(model.student['halves'])
    image = batch_of(model)['inputs']['unlabeled']
    strong, _ = views_in_domains(
        model.augment, model.student, image, model.views == 'domain')
    assert len({id(view) for view in strong.values()}) == calls
    assert torch.equal(strong['narrow'], strong['wide']) == (calls == 2)
    assert not torch.equal(strong['narrow'], strong['halves'])


def read_halves(network):
    network.backbone.stem[0] = nn.Conv2d(4, 2, 3, 2, 1, bias=False)
    network.backbone = Halves(network.backbone)


@pytest.mark.parametrize('source', ['other', 'roll', 'permute'])
def test_one_box_for_all_domains(source):
    """Sampled on the coarsest grid, so that it cuts the same pixels."""
    model = co_training(('narrow', 'halves'), mixer=dict(
        type='CutMix', prob=1., source=source))
    read_halves(model.student['halves'])
    image = batch_of(model)['inputs']['unlabeled']
    label = torch.stack([torch.full((32, 64), i) for i in range(2)])
    weight = torch.rand(2, 32, 64)
    torch.manual_seed(1)
    mixed = model._mixed_views(
        Side(image, []), dict(
            narrow=PseudoLabels(label, weight),
            halves=PseudoLabels(label + 5, weight)))
    (full, [(from_halves, _)]), (half, [(from_narrow, _)]) = mixed.values()
    pasted = from_narrow != label
    # A permutation may leave both images with themselves.
    mixes = source != 'permute' or pasted.any()
    assert torch.equal(model.mixed.mask, pasted) == mixes
    assert torch.equal(from_halves, from_narrow + 5)
    if source != 'permute':
        assert 0 < pasted.float().mean() < .5
    assert torch.equal(
        full, torch.where(pasted[:, None], image.flip(0), image))
    own = model.student['halves'].backbone.to_domain
    torch.testing.assert_close(half, own(full))


def test_a_batch_of_one_cannot_be_mixed_in_silence():
    model = co_training(mixer=dict(type='CutMix'))
    side = Side(batch_of(model)['inputs']['unlabeled'][:1], [])
    pseudo = {
        name: PseudoLabels(
            torch.zeros(1, 32, 64, dtype=torch.long), torch.ones(1, 32, 64))
        for name in model.student
    }
    with pytest.raises(ValueError, match='batch_size'):
        model._mixed_views(side, pseudo)
    model.mixer.single = 'warn'
    with pytest.warns(UserWarning, match='It is not mixed'):
        mixed = model._mixed_views(side, pseudo)
    assert torch.equal(mixed['wide'][0], side.image)


def test_agreement_is_of_all():
    model = co_training(('narrow', 'wide', 'wide_b'))
    labels = {}
    label = model.pseudo_labels
    model.pseudo_labels = lambda side, logits: labels.setdefault(
        len(labels), label(side, logits))
    losses, _ = loss_of(model)
    first, second, third = (label for label, _ in labels.values())
    want = ((first == second) & (second == third)).float().mean()
    torch.testing.assert_close(losses['agreement'], want)


def test_windows_of_a_map_of_the_whole_image():
    """Cut from the map, where the image ends too; logits as large as in it."""
    model = co_training(('narrow', 'halves')).eval()
    read_halves(model.student['halves'])
    found = []
    network = model.student['halves']
    network.backbone.backbone.register_forward_pre_hook(
        lambda _, inputs: found.append(inputs[0]))
    image = torch.randn(1, 3, 45, 64)
    whole = network.backbone.to_domain(F.pad(image, (0, 0, 0, 1), 'replicate'))
    protocol = MODELS.build(dict(
        type='SlidingWindows', crop_size=33, stride=22, last='truncate',
        merge='logits'))
    network.backbone.to_domain = lambda _: whole
    logits = protocol.scores(network, image).full()
    spans = [slice(0, 17), slice(11, 23), slice(22, 23)]
    columns = [slice(0, 17), slice(11, 28), slice(22, 32)]
    assert logits.shape == (1, NUM_CLASSES, 45, 64)
    assert len(found) == 9
    for crop, (y, x) in zip(
            found, [(y, x) for y in spans for x in columns]):
        assert torch.equal(crop, whole[..., y, x])


@pytest.mark.parametrize('rules, start', [
    (dict(stride=22, last='shift'), 31),  # 64 - 33
    (dict(stride=21, last='truncate'), 21),
])
@pytest.mark.parametrize('batch_size', [1, 3])
def test_windows_start_where_a_map_has_a_place(rules, start, batch_size):
    model = co_training(('narrow', 'halves')).eval()
    protocol = MODELS.build(dict(
        type='SlidingWindows', crop_size=33, merge='logits',
        batch_size=batch_size, **rules))
    image = torch.randn(1, 3, 33, 64)
    with torch.no_grad():
        protocol.scores(model.student['narrow'], image)
        read_halves(model.student['halves'])
        with pytest.raises(ValueError, match=(
                f'starts at pixel {start}.*halves map.*2 pixels apart.*'
                "multiple of 2.*last='truncate'")):
            protocol.scores(model.student['halves'], image)


def test_windows_of_a_map_together_are_one_by_one():
    model = co_training(('narrow', 'halves')).eval()
    network = model.student['halves']
    read_halves(network)
    rules = dict(type='SlidingWindows', crop_size=33, stride=22,
                 last='truncate', merge='softmax')
    image = torch.randn(2, 3, 46, 64)
    with torch.no_grad():
        together, alone = (
            MODELS.build(dict(rules, batch_size=count)).scores(
                network, image).full()
            for count in (3, 1))
    torch.testing.assert_close(together, alone)


def test_the_logits_of_one_student_at_a_time():
    """The logits of a student are gone when the next one reads."""
    model = co_training(('narrow', 'wide', 'wide_b'))
    weak_pass, label, logits = model._weak_pass, model.pseudo_labels, []

    def spy(name, batch):
        assert all(reference() is None for reference in logits)
        return weak_pass(name, batch)

    def spy_labels(side, found):
        logits.append(weakref.ref(found))
        return label(side, found)

    model._weak_pass, model.pseudo_labels = spy, spy_labels
    loss_of(model)
    assert len(logits) == 3
    assert all(reference() is None for reference in logits)


def test_labels_of_the_future():
    """Copies that stand still label like the peers."""
    plain = co_training(seed=3)
    ahead = co_training(seed=3, label_with='future')
    ahead.student.load_state_dict(plain.student.state_dict())
    ahead.teacher.load_state_dict(plain.student.state_dict())
    assert torch.equal(loss_of(plain)[1], loss_of(ahead)[1])
    with torch.no_grad():
        for weight in ahead.teacher['wide'].parameters():
            weight.add_(torch.randn_like(weight))
    changed, unchanged = loss_of(ahead)[0], loss_of(plain)[0]
    for name, value in unchanged.items():
        if name.endswith('loss_ce'):
            same = torch.equal(value, changed[name])
            assert same == (not name.startswith('narrow.mixed')), name
    loss_of(ahead)[1].backward()
    assert all(w.grad is None for w in ahead.teacher.parameters())


@pytest.mark.parametrize('changes, message', [
    (dict(students=dict(one=student_cfg())), 'two or more'),
    (dict(students=dict(one=student_cfg(), ensemble=student_cfg())),
     'ensemble'),
    (dict(mixer=dict(type='ClassMix')), "'CutMix' or 'NoMix'"),
    (dict(students=dict(narrow=student_cfg(), wide=checkpointed())),
     'wide.*with_cp=True'),
    (dict(views='both'), 'views must be '),
    (dict(label_with='teacher'), 'label_with must be .*'),
    (dict(loss_weights=dict(unlabeled=1.)), 'its parts are labeled, mixed'),
    (dict(warmup_iters=3), 'CoTraining does not use `model.warmup_iters`'),
    (dict(regularizer=dict(type='FeatureDistance')), '`model.regularizer`'),
    (dict(pseudo_labeler=None), 'CoTraining needs `model.pseudo_labeler`'),
    (dict(predict_with='first'), 'narrow, wide, ensemble'),
])
def test_what_does_not_go_together(changes, message):
    students = dict(narrow=student_cfg(), wide=student_cfg(True))
    with pytest.raises(ValueError, match=message):
        MODELS.build(model_cfg(**{'students': students, **changes}))


def test_the_release_of_three_students_selects_by_class_id():
    """One of six sets of labels, and only at a threshold above 0."""
    names = ('narrow', 'wide', 'narrow_b')
    plain = co_training(names, pseudo_labeler=dict(
        type='Threshold', threshold=.3))
    students = {name: student_cfg(name.startswith('wide')) for name in names}
    released = MODELS.build(model_cfg(
        students=students, type='ReleasedCoTraining',
        selected_by_id=dict(wide='narrow_b'), pseudo_labeler=dict(
            type='Threshold', threshold=.3))).train()
    released.load_state_dict(plain.state_dict())
    label = torch.tensor([[[0, 1], [2, IGNORE]]])
    weight = torch.tensor([[[1., 0.], [1., 0.]]])
    labels = {name: PseudoLabels(label, weight) for name in names}
    for name in names:
        found = released._peer_labels(name, labels)
        assert len(found) == 2
        assert all(torch.equal(each.label, label) for each in found)
        by_id = [not torch.equal(each.weight, weight) for each in found]
        assert by_id == [False, name == 'wide']
    assert found is not labels
    wrong = released._peer_labels('wide', labels)[1].weight
    assert wrong.tolist() == [[[0., 1.], [1., 1.]]] and wrong.dtype == (
        weight.dtype)
    assert torch.equal(weight, labels['narrow_b'].weight)
    different = [
        name for name, value in loss_of(plain)[0].items()
        if not torch.equal(value, loss_of(released)[0][name])
    ]
    assert {name.partition('.')[0] for name in different} == {'wide'}


def test_selection_by_class_id_names_students():
    students = dict(narrow=student_cfg(), wide=student_cfg(True))
    with pytest.raises(ValueError, match="selected_by_id.*'narrow' or 'wide'"):
        MODELS.build(model_cfg(
            students=students, type='ReleasedCoTraining',
            selected_by_id=dict(narrow='third')))
    with pytest.raises(ValueError, match="Threshold', not 'ClassThreshold'"):
        MODELS.build(model_cfg(
            students=students, type='ReleasedCoTraining',
            selected_by_id=dict(narrow='wide'),
            pseudo_labeler=dict(type='ClassThreshold')))
