"""Settings as text, and their differences."""
from mmseg_fst.utils.settings import (
    Change,
    compare_settings,
    training_settings,
)


class Thing:
    pass


def test_settings_are_flattened():
    content = dict(
        train_cfg=dict(max_iters=4), crop_size=(4, 4),
        param_scheduler=[dict(end=2), dict(end=4)],
        model=dict(size=[2, 2], mixer=None, loss_weights={}))
    assert training_settings(content) == {
        'model.size': '[2, 2]', 'model.mixer': 'None',
        'model.loss_weights': '{}', 'train_cfg.max_iters': '4',
        'param_scheduler.0.end': '2', 'param_scheduler.1.end': '4'}


def test_an_object_has_the_same_text_in_each_process():
    first, second = (training_settings(dict(model=dict(part=Thing())))
                     for _ in range(2))
    assert first == second
    assert ' at ' not in first['model.part']


def test_differences_are_named():
    changes = compare_settings(dict(a='1', b='2', c='3'),
                               dict(d='4', b='5', a='1'))
    assert changes == [Change('d', None, '4'), Change('b', '2', '5'),
                       Change('c', '3', None)]
    assert [str(change) for change in changes] == [
        'd: not set, now 4', 'b: 2, now 5', 'c: 3, now not set']
