"""Old configs are read by today's names, or get one clear message."""
import copy
import json

import pytest
from mmengine.config import Config

from mmseg_fst.apis import merge_options, open_config, read_config
from mmseg_fst.config.config_file import read_python, save_config
from mmseg_fst.config.renames import (
    check_options,
    hint_for,
    upgrade_config,
    upgrade_option,
)
from mmseg_fst.datasets import PairedDataset

NETWORK = dict(
    segmentor=dict(type='EncoderDecoder', backbone=dict(type='ResNetV1c')),
    data_preprocessor=dict(type='SelfTrainingDataPreProcessor', size=(32, 32)))
STRONG = dict(
    type='StrongPhotometric', jitter_prob=0.8, jitter_strength=0.5, hue=0.25,
    gray_prob=0.2, blur_prob=0.5, blur_sigma=(0.1, 2.0), random_order=True)
WEIGHTS = dict(labeled=0.5, mixed=0.5)
FEATURE_DISTANCE = dict(
    type='FeatureDistance', classes=(6, 7, 11), loss_weight=0.005,
    min_ratio=0.75)
DACS = dict(
    pseudo_labeler=dict(type='ConfidentRatio', threshold=0.968),
    mixer=dict(type='ClassMix'),
    photometric=dict(type='StrongPhotometric', jitter_prob=0.8))
SSL = dict(
    pseudo_labeler=dict(type='Threshold', threshold=0.),
    pseudo_filter=dict(type='EntropyPercentile', percentile=80),
    mixed_auxiliary='off', teacher_mode='eval')
FIXMATCH = dict(
    pseudo_labeler=dict(type='Threshold', threshold=0.95),
    mixer=dict(type='CutMix', prob=0.5, source='flip'), photometric=STRONG)
HALVES = dict(type='HalfCutMix')
CHANNELS = dict(type='ChannelDropout', prob=0.5)
COMPLEMENTARY = dict(type='ComplementaryDropout')

# Models of configs/_base_/methods at commit a5a062f, with their bases: what
# stays, what the old one had, the class and what it has today.
METHODS = dict(
    labels_only=({}, {}, 'Supervised', {}),
    mean_teacher=(DACS, {}, 'MeanTeacher', {}),
    daformer=(
        dict(DACS, regularizer=FEATURE_DISTANCE), {}, 'MeanTeacher', {}),
    daformer_released=(
        dict(DACS, regularizer=FEATURE_DISTANCE, mixed_auxiliary='plain',
             backward='separate'), {}, 'MeanTeacher', {}),
    dacs_released=(
        dict(DACS, regularizer=None, mixed_auxiliary='plain'), {},
        'MeanTeacher', {}),
    ssl_mean_teacher=(
        dict(SSL, mixer=dict(type='NoMix')), dict(passes='joint'),
        'CutMixMeanTeacher', {}),
    ssl_cutmix_mean_teacher=(
        dict(SSL, mixer=HALVES), dict(passes='joint'), 'CutMixMeanTeacher',
        {}),
    ssl_u2pl=(
        dict(SSL, mixer=HALVES, contrast=dict(type='ContrastiveMemory')),
        dict(passes='joint'), 'U2PL', {}),
    ssl_u2pl_released=(
        dict(SSL, mixer=HALVES),
        dict(passes='joint', labeled_iters=10, contrast=dict(
            type='ContrastiveMemory', released=True, decay=0.)), 'U2PL',
        dict(warmup_iters=10, contrast=dict(
            type='ContrastiveMemory', match_release=True, decay=0.))),
    ssl_fixmatch=(
        dict(FIXMATCH, loss_weights=WEIGHTS),
        dict(label_with='student', photometric_on='unlabeled'), 'FixMatch',
        {}),
    ssl_unimatch=(
        dict(FIXMATCH, loss_weights=dict(
            labeled=0.5, mixed=0.25, perturbed=0.25)),
        dict(label_with='student', photometric_on='unlabeled', num_views=2,
             weak_perturbation=CHANNELS), 'UniMatch',
        dict(perturbation=CHANNELS)),
    ssl_unimatch_v2=(
        dict(FIXMATCH, loss_weights=WEIGHTS, teacher_mode='eval'),
        dict(label_with='teacher', photometric_on='unlabeled', num_views=2,
             view_perturbation=COMPLEMENTARY), 'UniMatchV2',
        dict(perturbation=COMPLEMENTARY)),
    ssl_stpp=(
        dict(mixer=dict(type='NoMix'), photometric=STRONG,
             loss_weights=WEIGHTS),
        dict(label_with='file', photometric_on='unlabeled'), 'STPlusPlus',
        {}))


def old_model(*changes):
    """An old model of some switches."""
    merged = dict(NETWORK, type='SelfTrainingSegmentor')
    for change in changes:
        merged.update(change)
    return copy.deepcopy(merged)


def upgrade(model):
    """The model that it is today."""
    cfg = Config(dict(model=model))
    upgrade_config(cfg._cfg_dict, 'config.json')
    return cfg.model.to_dict()


@pytest.mark.parametrize('name', METHODS)
@pytest.mark.parametrize('scope', ['', 'mmseg_fst.'])
def test_old_methods_are_classes_today(name, scope):
    common, old, kind, new = METHODS[name]
    model = old_model(common, old, dict(type=f'{scope}SelfTrainingSegmentor'))
    today = dict(NETWORK, **{**common, **new}, type=f'{scope}{kind}')
    assert upgrade(model) == today
    assert upgrade(upgrade(model)) == today


@pytest.mark.parametrize('name', METHODS)
def test_all_switches_may_be_written_out(name):
    """As a config does that says what is the default, or takes parts out."""
    common, old, kind, new = METHODS[name]
    defaults = dict(
        label_with='teacher', passes='separate', num_views=1,
        photometric_on='mixed', weak_perturbation=None,
        view_perturbation=None, pseudo_filter=None, contrast=None)
    assert upgrade(old_model(defaults, common, old)) == dict(
        NETWORK, **{**common, **new}, type=kind)


def test_a_first_stage_learns_from_labels():
    """What a config of another method is without its mixer."""
    model = old_model(
        SSL, dict(mixer=None, pseudo_labeler=None, label_with='student',
                  passes='joint', loss_weights=dict(labeled=2., mixed=3.)))
    del model['pseudo_filter']
    assert upgrade(model) == dict(
        NETWORK, type='Supervised', mixer=None, pseudo_labeler=None,
        mixed_auxiliary='off', teacher_mode='eval',
        loss_weights=dict(labeled=2.))


def test_co_training_has_another_name():
    students = dict(a=NETWORK['segmentor'], b=NETWORK['segmentor'])
    model = dict(
        type='CoTrainingSegmentor', students=students, label_with='future',
        views='student', loss_weights=WEIGHTS)
    assert upgrade(model) == dict(model, type='CoTraining')


@pytest.mark.parametrize('common, switches, message', [
    (DACS, dict(num_views=2), r"UniMatchV2, .*photometric_on='mixed'"),
    (DACS, dict(photometric_on='unlabeled'),
     r"MeanTeacher, .*photometric_on='unlabeled'.*FixMatch, UniMatch"),
    (DACS, dict(passes='joint'), 'CutMixMeanTeacher, .* no pseudo_filter'),
    (DACS, dict(pseudo_filter=SSL['pseudo_filter']),
     'MeanTeacher, .* pseudo_filter.*U2PL'),
    (DACS, dict(contrast=dict(type='ContrastiveMemory')),
     "U2PL, .*passes='separate'.*share a pass"),
    (dict(FIXMATCH, label_with='student', photometric_on='unlabeled'),
     dict(num_views=2), 'FixMatch, .*num_views=2.*UniMatch'),
    (dict(FIXMATCH, label_with='student', photometric_on='unlabeled'),
     dict(weak_perturbation=CHANNELS), 'UniMatch, .*num_views=1'),
    (dict(FIXMATCH, label_with='student', photometric_on='unlabeled'),
     dict(view_perturbation=COMPLEMENTARY),
     'FixMatch, .*view_perturbation.*UniMatchV2'),
    (FIXMATCH, dict(view_perturbation=COMPLEMENTARY),
     'UniMatchV2, .*num_views=1'),
    (dict(mixer=HALVES), dict(label_with='file', passes='joint'),
     "STPlusPlus, .*passes='joint'"),
])
def test_switches_without_a_class_are_named(common, switches, message):
    with pytest.raises(ValueError, match=f'^config.json: model: .*{message}'):
        upgrade(old_model(common, switches))


def test_a_photometric_that_is_not_there_may_change_anything():
    model = old_model(DACS, dict(photometric=None, photometric_on='unlabeled'))
    assert upgrade(model)['type'] == 'MeanTeacher'


@pytest.mark.parametrize('kind, old, new', [
    ('FSTHook', dict(depth=3, released=True), dict(
        depth=3, match_release=True)),
    ('FSTHook', dict(redraw=False), dict(resample_mix=False)),
    ('WideFSTHook', dict(width=3, released=True), dict(
        width=3, match_release=True)),
    ('mmseg_fst.FSTHook', dict(released=False), dict(match_release=False)),
    ('FSTHook', dict(depth=1), dict(depth=1)),
    ('OtherHook', dict(released=True), dict(released=True)),
])
def test_hooks_are_read(kind, old, new):
    cfg = dict(custom_hooks=[dict(type='A'), dict(old, type=kind)],
               default_hooks=dict(fst=dict(old, type=kind)))
    upgrade_config(cfg, 'config.json')
    assert cfg['custom_hooks'] == [dict(type='A'), dict(new, type=kind)]
    assert cfg['default_hooks'] == dict(fst=dict(new, type=kind))


def test_both_names_are_one_too_many():
    hook = dict(type='FSTHook', released=True, match_release=True)
    with pytest.raises(ValueError, match=(
            "^a.py: custom_hooks.0: 'released' is the old name of "
            "'match_release'; remove one")):
        upgrade_config(dict(custom_hooks=[hook]), 'a.py')


@pytest.mark.parametrize('kind, key, message', [
    ('FixMatch', 'num_views', 'UniMatch and UniMatchV2 have two'),
    ('UniMatch', 'weak_perturbation', '`perturbation` of UniMatch'),
    ('MeanTeacher', 'passes', 'share a pass in CutMixMeanTeacher'),
    ('Supervised', 'label_with', 'STPlusPlus takes labels from files'),
    ('CutMixMeanTeacher', 'contrast', 'U2PL has it'),
    ('MeanTeacher', 'pseudo_filter', 'CutMixMeanTeacher and U2PL'),
])
def test_an_old_key_of_a_new_class_is_named(kind, key, message):
    """As where an old file changes a base of today."""
    model = dict(type=kind, segmentor={}, **{key: 'x'})
    with pytest.raises(ValueError, match=(
            f'^a.py: model: {kind} has no {key!r}.*{message}')):
        upgrade_config(dict(model=model), 'a.py')


@pytest.mark.parametrize('cfg', [
    {}, dict(title='x', configs=['a.py']), dict(model=None),
    dict(model=dict(label_with='student')), dict(a=[1, [dict(type=3)]])])
def test_other_files_stay_as_they_are(cfg):
    before = copy.deepcopy(cfg)
    upgrade_config(cfg, 'a.py')
    assert cfg == before


CFG = dict(
    model=dict(type='MeanTeacher', segmentor={}),
    custom_hooks=[dict(type='FSTHook', depth=1)])


@pytest.mark.parametrize('options, message', [
    ({'custom_hooks.0.released': True},
     "custom_hooks.0.released: 'released' of FSTHook is called "
     "'match_release' today"),
    ({'custom_hooks.0.redraw': False},
     "custom_hooks.0.redraw: .* 'resample_mix'"),
    ({'model.labeled_iters': 5}, "model.labeled_iters: .* 'warmup_iters'"),
    ({'model': dict(labeled_iters=5)}, "model.labeled_iters: .*'warmup"),
    ({'model.num_views': 2}, 'model.num_views: MeanTeacher has no'),
    ({'model.type': 'SelfTrainingSegmentor'},
     'model.type: .*a class for each method today: Supervised, MeanTeacher'),
    ({'model.type': 'CoTrainingSegmentor'},
     'model.type: CoTrainingSegmentor is called CoTraining today'),
])
def test_an_option_with_an_old_name_is_refused(options, message):
    cfg = Config(copy.deepcopy(CFG))
    cfg.merge_from_dict(options)
    with pytest.raises(ValueError, match=f'^--cfg-options {message}'):
        check_options(cfg._cfg_dict, options)


@pytest.mark.parametrize('options', [
    {}, {'custom_hooks.0.match_release': True}, {'model.warmup_iters': 5},
    {'custom_hooks.0': dict(type='FSTHook', depth=2)}])
def test_other_options_are_left_alone(options):
    cfg = Config(copy.deepcopy(CFG))
    cfg.merge_from_dict(options)
    check_options(cfg._cfg_dict, options)


def test_names_of_today_have_no_hint():
    assert hint_for('MeanTeacher') is None
    assert hint_for('CoTraining', 'label_with') is None
    assert hint_for('U2PL', 'contrast') is None
    assert hint_for('FSTHook', 'depth') is None
    assert hint_for(Config, 'released') is None


# The older form of PairedDataset.

ROOT = 'train_dataloader.dataset'
OLDER = """train_dataloader = dict(dataset=dict(
    type='PairedDataset',
    labeled=dict(type='CamVidDataset', data_root='a'),
    unlabeled=dict(type='CamVidDataset', data_root='b')))
"""
NEWER = OLDER.replace('    labeled', '    sides=dict(labeled').replace(
    ')))\n', '))))\n')


def write(folder, **files):
    for name, text in files.items():
        (folder / f'{name}.py').write_text(text)
    return str(folder / f'{name}.py')


def child(text):
    return f"_base_ = './base.py'\ntrain_dataloader = dict({text})\n"


@pytest.mark.parametrize('base', [OLDER, NEWER], ids=['older', 'newer'])
def test_both_forms_are_read_as_sides(tmp_path, base):
    cfg = read_config(write(tmp_path, base=base))
    roots = {name: side.data_root for name, side in
             cfg.train_dataloader.dataset.sides.items()}
    assert roots == dict(labeled='a', unlabeled='b')
    assert 'labeled' not in cfg.train_dataloader.dataset


@pytest.mark.parametrize('base, change', [
    (OLDER, 'dataset=dict(unlabeled=None)'),
    (NEWER, 'dataset=dict(sides=dict(unlabeled=None))'),
])
def test_a_config_overrides_its_base_in_its_form(tmp_path, base, change):
    cfg = read_config(write(tmp_path, base=base, run=child(change)))
    sides = cfg.train_dataloader.dataset.sides
    assert sides.unlabeled is None and sides.labeled.data_root == 'a'


@pytest.mark.parametrize('base, change, name', [
    (NEWER, 'dataset=dict(unlabeled=None)', 'unlabeled'),
    (NEWER, "dataset=dict(labeled=dict(data_root='c'))", 'labeled'),
    (OLDER, "dataset=dict(sides=dict(unlabeled=None))", 'labeled'),
])
def test_none_of_two_forms_is_dropped_silently(tmp_path, base, change, name):
    path = write(tmp_path, base=base, run=child(change))
    with pytest.raises(ValueError) as error:
        read_config(path)
    message = str(error.value)
    assert message.startswith(f'{path}: {ROOT} has both `sides` and `{name}`')
    assert f'dataset=dict(sides=dict({name}=...))' in message


@pytest.mark.parametrize('base', [OLDER, NEWER], ids=['older', 'newer'])
@pytest.mark.parametrize('key', [
    f'{ROOT}.labeled.data_root', f'{ROOT}.sides.labeled.data_root'])
def test_overrides_of_both_forms_are_merged(tmp_path, base, key):
    path = write(tmp_path, base=base)
    cfg = read_config(path, {key: 'c', f'{ROOT}.unlabeled': None})
    sides = cfg.train_dataloader.dataset.sides
    assert sides.labeled.data_root == 'c' and sides.unlabeled is None
    assert set(cfg.train_dataloader.dataset) == {'type', 'sides'}


def test_a_data_set_of_another_class_keeps_its_keys(tmp_path):
    text = OLDER.replace('PairedDataset', 'MyPairs')
    cfg = read_python(write(tmp_path, base=text))
    merge_options(cfg, {f'{ROOT}.labeled.data_root': 'c'})
    assert cfg.train_dataloader.dataset.labeled.data_root == 'c'
    assert 'sides' not in cfg.train_dataloader.dataset


def test_the_config_of_an_older_run_is_read(tmp_path):
    path = save_config(Config.fromfile(write(tmp_path, base=OLDER)),
                       str(tmp_path))
    assert 'sides' not in json.dumps(Config.fromfile(
        str(tmp_path / 'base.py')).to_dict())
    assert open_config(path).train_dataloader.dataset.sides.labeled


@pytest.mark.parametrize('kind', [
    'PairedDataset', 'mmseg_fst.PairedDataset', PairedDataset])
def test_the_older_form_is_read_wherever_it_is(kind):
    cfg = dict(loaders=[dict(dataset=dict(type=kind, labeled={}))])
    upgrade_config(cfg, 'a.py')
    assert cfg['loaders'][0]['dataset'] == dict(
        type=kind, sides=dict(labeled={}))
    assert upgrade_option(cfg, 'loaders.0.dataset.unlabeled') == (
        'loaders.0.dataset.sides.unlabeled')
    assert upgrade_option(cfg, 'loaders.0.dataset.labeled_too') == (
        'loaders.0.dataset.labeled_too')
