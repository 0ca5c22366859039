"""Warnings about classes that a network does not learn."""
from mmseg_fst.utils.collapsed import (
    beside_score,
    list_classes,
    never_learned,
    unpredicted,
    unsampled,
    without_pseudo_labels,
    zero_classes,
)


def scores(iou, labeled=2., predicted=2.):
    return dict(IoU=iou, labeled=labeled, predicted=predicted)


GOOD = scores(98.6, 97., 99.)
ABSENT = scores(None, 0., 0.)


def test_a_class_with_zero_is_named_unless_it_is_not_in_the_labels():
    found = zero_classes(dict(
        wall=GOOD, crack=scores(0., predicted=0.), dent=scores(.049),
        stain=scores(.051), absent=ABSENT, ghost=scores(0., labeled=0.)))
    assert found == ['crack', 'dent']


def test_networks_and_reasons_are_told_apart():
    warning, = unpredicted(dict(
        student=dict(wall=GOOD, crack=scores(0., predicted=0.),
                     dent=scores(0.)),
        teacher=dict(wall=GOOD, crack=scores(0., predicted=0.),
                     dent=scores(30.))))
    assert warning.startswith(
        'Never predicted, although in the labels: crack (student, teacher). '
        'Predicted, but never where the labels are (IoU 0.0): dent (student).')
    assert 'rare_class_sampling' in warning and 'docs/faq.md' in warning
    assert not unpredicted(dict(student=dict(wall=GOOD, absent=ABSENT)))


def test_only_what_is_zero_in_every_validation_was_never_learned():
    zero, more = dict(crack=scores(0.)), dict(crack=scores(5.))
    assert never_learned([dict(student=zero, teacher=zero),
                          dict(student=more, teacher=zero),
                          dict(student=zero, teacher=zero)]) == {
                              'crack': ['teacher']}
    assert never_learned([]) == {}


def test_a_few_classes_are_beside_a_score():
    assert beside_score([]) == ''
    assert beside_score('abcd') == ' (IoU 0.0: a, b, c, d)'
    assert beside_score('abcdefgh') == ' (IoU 0.0: a, b, c and 5 more)'


def test_classes_of_the_same_networks_share_them():
    assert list_classes(dict(crack=['student'], dent=['teacher'],
                             stain=['student'])) == (
        'crack, stain (student), dent (teacher)')


def test_warnings_about_training_name_what_to_change():
    assert unsampled([], 90) == without_pseudo_labels({}) == []
    sampled, = unsampled(['crack', 'dent'], 90)
    assert '90 iterations: crack, dent.' in sampled
    assert 'rare_class_sampling' in sampled
    pseudo, = without_pseudo_labels(dict(crack=0, dent=300))
    assert 'crack (never), dent (since iteration 300)' in pseudo
    assert 'pseudo_filter' in pseudo
