"""Training steps on a GPU: no waiting, the same results, half precision."""
import pytest
import torch

from .test_engine.toy import (
    all_spark_config,
    cct_config,
    corr_match_config,
    ctt_config,
    gct_config,
    make_runner,
    model_config,
    multi_scale_config,
    prepare,
    reco_config,
    state,
    trained,
)

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
]
ADAMW = dict(type='AdamW', lr=1e-3)
PREPARE = dict(type='PrepareModelHook')
DEEP = dict(type='FSTHook', depth=2)


def without_dropout(**changes):
    return model_config(dropout=0., **changes)


@pytest.mark.parametrize('hook, model', [
    (dict(type='MeanTeacherHook'), model_config()),
    (DEEP, model_config(
        regularizer=dict(type='FeatureDistance', classes=[1, 3]))),
    (dict(DEEP, resample_mix=False), model_config()),
    (dict(type='WideFSTHook', width=2), model_config()),
    (DEEP, model_config(segmentor=multi_scale_config())),
    (PREPARE, model_config(
        type='UniMatch', mixer=dict(type='CutMix'),
        perturbation=dict(type='ChannelDropout'))),
    (DEEP, cct_config(label_with='teacher')),
    (DEEP, reco_config()),
    (DEEP, ctt_config()),
    (PREPARE, all_spark_config()),
    (PREPARE, corr_match_config()),
    (PREPARE, gct_config()),
], ids=['mean-teacher', 'fst', 'graph', 'wide', 'two-scales', 'unimatch',
        'cct', 'reco', 'ctt', 'allspark', 'corrmatch', 'gct'])
def test_a_step_does_not_wait(tmp_path, hook, model):
    """test_no_waiting.py lists operations that wait; here CUDA checks."""
    runner = make_runner(tmp_path, [hook], ADAMW, model=model)
    batch = runner.model.data_preprocessor.cast_data(prepare(runner))
    iterate(runner, batch)  # allocates, and creates what is created once
    torch.cuda.set_sync_debug_mode('error')
    try:
        iterate(runner, batch)
    finally:
        torch.cuda.set_sync_debug_mode('default')


def iterate(runner, batch):
    hooks = [each for each in runner.hooks
             if type(each).__module__.startswith('mmseg_fst')]
    for hook in hooks:
        hook.before_train_iter(runner, 0, batch)
    outputs = runner.model.train_step(batch, runner.optim_wrapper)
    for hook in hooks:
        hook.after_train_iter(runner, 0, batch, outputs)


@pytest.mark.parametrize('hook', [
    dict(type='MeanTeacherHook'), DEEP, dict(type='WideFSTHook', width=2)
], ids=['mean-teacher', 'fst', 'wide'])
def test_a_gpu_learns_what_a_cpu_learns(tmp_path, hook, monkeypatch):
    """Views are sampled on the CPU, so both have the same ones."""
    changes = dict(model=without_dropout(), max_iters=2)
    got, _ = trained(tmp_path / 'gpu', hook, ADAMW, **changes)
    monkeypatch.setattr('mmengine.runner.runner.get_device', lambda: 'cpu')
    want, _ = trained(tmp_path / 'cpu', hook, ADAMW, **changes)
    assert_near(got, want)


def test_a_reused_gradient_is_the_same(tmp_path):
    model = without_dropout(
        regularizer=dict(type='FeatureDistance', classes=[1, 3]))
    reused, _ = trained(tmp_path / 'a', DEEP, ADAMW, model=model)
    recomputed, _ = trained(
        tmp_path / 'b', dict(DEEP, reuse=False), ADAMW, model=model)
    assert_near(reused, recomputed)


def assert_near(got, want):
    for name, value in want.items():
        torch.testing.assert_close(
            got[name].cpu(), value.cpu(), rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.parametrize('wrapper', [
    dict(type='AmpOptimWrapper', dtype='float16', loss_scale='dynamic'),
    dict(type='AutocastOptimWrapper'),
], ids=['float16', 'bfloat16'])
def test_half_precision_learns(tmp_path, wrapper):
    runner = make_runner(
        tmp_path, [DEEP], ADAMW, max_iters=4,
        optim_wrapper=dict(wrapper, optimizer=ADAMW))
    before = {name: weight.clone().cpu()
              for name, weight in runner.model.student.named_parameters()}
    runner.train()
    for name, weight in runner.model.student.named_parameters():
        assert weight.isfinite().all(), name
    assert any(not torch.equal(before[name], weight.cpu())
               for name, weight in runner.model.student.named_parameters())


def test_a_resumed_run_ends_like_a_whole_one(tmp_path):
    options = dict(
        hooks=[DEEP, dict(type='SeedIterationHook'), dict(type='ResumeHook')],
        optimizer=ADAMW, model=without_dropout(), default_hooks=dict(
            checkpoint=dict(type='AtomicCheckpointHook', interval=2)))
    whole = make_runner(tmp_path / 'whole', max_iters=4, **options)
    whole.train()
    make_runner(tmp_path / 'cut', max_iters=2, **options).train()
    resumed = make_runner(
        tmp_path / 'resumed', max_iters=4, resume=True,
        load_from=str(tmp_path / 'cut/iter_2.pth'), **options)
    resumed.train()
    assert_near(state(resumed), state(whole))
