"""What students predict, each and all together."""
from collections import Counter

import pytest
import torch
from helpers import make_batch
from students import co_training

WINDOWS = dict(
    type='SlidingWindows', crop_size=32, stride=16, last='shift')
PROTOCOLS = [
    None,
    dict(type='WholeImage', multiple_of=14),
    dict(type='Canvas', size=40),
    dict(WINDOWS, merge='softmax'),
    dict(WINDOWS, merge='logits'),
]


def prepared(model):
    return model.data_preprocessor(make_batch()['labeled'])


def test_the_ensemble_is_the_mean_of_probabilities():
    model = co_training().eval()
    data = model.data_preprocessor(make_batch()['labeled'])
    shares = []
    for name in model.student:
        model.predict_with = name
        sample = model(**data, mode='predict')[0]
        shares.append(sample.seg_logits.data.softmax(0))
        assert torch.equal(sample.pred_sem_seg.data[0], shares[-1].argmax(0))
    model.predict_with = 'ensemble'
    sample = model(**data, mode='predict')[0]
    torch.testing.assert_close(sample.seg_logits.data,
                               (shares[0] + shares[1]) / 2)
    assert torch.equal(sample.pred_sem_seg.data[0],
                       sample.seg_logits.data.argmax(0))
    assert model.predict_with == 'ensemble'
    assert model.networks == ['narrow', 'wide', 'ensemble']


@pytest.mark.parametrize('merge', ['softmax', 'logits'])
def test_the_ensemble_under_a_protocol(merge):
    model = co_training(protocol=dict(
        type='SlidingWindows', crop_size=32, stride=16, last='shift',
        merge=merge)).eval()
    data = model.data_preprocessor(make_batch()['labeled'])
    sample = model(**data, mode='predict')[0]
    assert 'sliding windows' in model.protocol_name
    torch.testing.assert_close(sample.seg_logits.data.sum(0),
                               torch.ones(32, 64))


@pytest.mark.parametrize('protocol', PROTOCOLS, ids=str)
def test_each_is_predicted_as_alone(protocol):
    """Labels of all, to the bit, of one pass of each student."""
    model = co_training(('narrow', 'wide', 'wide_b'), protocol=protocol)
    model.eval()
    data, passes = prepared(model), Counter()
    for name, network in model.student.items():
        network.register_forward_pre_hook(
            lambda *_, name=name: passes.update([name]))
    with torch.no_grad():
        each = model.predict_each(**data)
        assert list(each) == model.networks
        once = dict(passes)
        for name in model.networks:
            model.predict_with = name
            for sample, alone in zip(each[name], model.predict(**data)):
                assert 'seg_logits' not in sample
                assert torch.equal(sample.pred_sem_seg.data,
                                   alone.pred_sem_seg.data)
                assert torch.equal(sample.gt_sem_seg.data,
                                   alone.gt_sem_seg.data)
    windows = 3 if protocol and 'stride' in protocol else 1
    assert once == dict(narrow=windows, wide=windows, wide_b=windows)


@pytest.mark.parametrize('protocol', PROTOCOLS, ids=str)
def test_the_ensemble_needs_no_samples(protocol):
    model = co_training(protocol=protocol).eval()
    data = prepared(model)
    with torch.no_grad():
        expected = model.predict(**data)
        found = model.predict(data['inputs'])
    for sample, other in zip(found, expected):
        assert torch.equal(sample.seg_logits.data, other.seg_logits.data)
        assert torch.equal(sample.pred_sem_seg.data, other.pred_sem_seg.data)


def test_logits_of_the_ensemble_are_those_of_the_mean():
    model = co_training(('narrow', 'wide', 'wide_b')).eval()
    data = prepared(model)
    with torch.no_grad():
        logits = model(data['inputs'], mode='tensor')
        samples = model.predict(**data)
        metas = [sample.metainfo for sample in data['data_samples']]
        assert torch.equal(model.encode_decode(data['inputs'], metas), logits)
    mean = torch.stack([sample.seg_logits.data for sample in samples])
    assert logits.shape == (2, 11, 32, 64)
    torch.testing.assert_close(logits.softmax(1), mean)
    torch.testing.assert_close(logits.exp(), mean)


def test_logits_of_a_sure_ensemble_are_finite():
    """A probability that float32 rounds to 0 has a logarithm."""
    model = co_training().eval()
    for network in model.student.values():
        network.decode_head.conv_seg.bias.data[0] = 1000.
    with torch.no_grad():
        logits = model(prepared(model)['inputs'])
    assert logits.isfinite().all() and logits.min() < -500


def test_logits_of_one_student_are_its_own():
    model = co_training(predict_with='wide').eval()
    inputs, network = prepared(model)['inputs'], model.student['wide']
    with torch.no_grad():
        assert torch.equal(model(inputs), network(inputs))
        assert torch.equal(model.extract_feat(inputs)[-1],
                           network.extract_feat(inputs)[-1])
    network.align_corners = True
    assert model.align_corners


def test_what_the_ensemble_has_not():
    model = co_training().eval()
    with pytest.raises(ValueError, match='predict_with.*narrow, wide'):
        model.extract_feat(prepared(model)['inputs'])
    assert model.align_corners is False
    model.student['wide'].align_corners = True
    with pytest.raises(ValueError, match='differ in align_corners'):
        model.align_corners
