"""Checkpoints: at any time a complete one exists."""
import errno
import os
import shutil
from pathlib import Path

import pytest
from mmengine.fileio import LocalBackend
from mmengine.hooks import Hook

from mmseg_fst.engine import AtomicCheckpointHook
from mmseg_fst.utils.checkpoint import damage_of

from .test_hooks import SGD, validated_runner
from .toy import make_runner, prepare


def checkpoint_hook(**options):
    return dict(checkpoint=dict(type='AtomicCheckpointHook', **options))


def runner_of(folder, interval=1, max_iters=3, keep=1, **changes):
    return make_runner(
        folder, [dict(type='MeanTeacherHook')], SGD, max_iters=max_iters,
        default_hooks=checkpoint_hook(
            interval=interval, max_keep_ckpts=keep), **changes)


def hook_of(runner):
    hook, = (hook for hook in runner.hooks
             if isinstance(hook, AtomicCheckpointHook))
    return hook


def names(folder):
    return {path.name for path in folder.glob('*.pth')}


def whole(folder):
    return {path.name for path in folder.glob('*.pth')
            if damage_of(str(path)) is None}


@pytest.fixture
def history(tmp_path, monkeypatch):
    """Complete checkpoints at each call that changes the folder."""
    found = []
    for owner, name in ((Path, 'write_bytes'), (os, 'replace'),
                        (os, 'remove'), (os, 'fsync')):
        def spy(*args, original=getattr(owner, name)):
            found.append(whole(tmp_path))
            result = original(*args)
            found.append(whole(tmp_path))
            return result
        monkeypatch.setattr(owner, name, spy)
    return found


def test_the_last_one_exists_until_the_next_is_complete(tmp_path, history):
    runner_of(tmp_path).train()
    assert names(tmp_path) == {'iter_3.pth'}
    first = history.index({'iter_1.pth'})
    assert all(history[first:])
    assert {'iter_1.pth', 'iter_2.pth'} in history


class RisingScore(Hook):
    """Makes every validation the best so far."""

    priority = 'VERY_HIGH'

    def after_val_epoch(self, runner, metrics=None):
        metrics['student/mIoU'] = float(runner.iter)


def test_the_best_exists_until_the_next_is_complete(tmp_path, history):
    """And until a checkpoint names the next: a resumed run needs it."""
    runner = validated_runner(
        tmp_path,
        default_hooks=checkpoint_hook(
            interval=2, max_keep_ckpts=1, save_best='student/mIoU'))
    runner.register_hook(RisingScore())
    runner.train()
    first, second = (f'best_student_mIoU_iter_{i}.pth' for i in (2, 4))
    assert names(tmp_path) == {'iter_4.pth', second}
    begin = history.index({'iter_2.pth', first})
    assert all({first, second} & found for found in history[begin:])
    assert any({first, second} < found for found in history)


def test_of_the_best_there_is_one(tmp_path):
    """Even before there is a checkpoint to go on from."""
    runner = validated_runner(
        tmp_path,
        default_hooks=checkpoint_hook(save_best='student/mIoU'))
    prepare(runner)
    for iteration, score, best in ((1, 3., 1), (2, 5., 2), (3, 4., 2)):
        runner.train_loop._iter = iteration
        hook_of(runner).after_val_epoch(runner, {'student/mIoU': score})
        assert names(tmp_path) == {f'best_student_mIoU_iter_{best}.pth'}


def test_content_is_on_the_disk_before_it_has_the_name(tmp_path,
                                                       monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, 'fsync', lambda descriptor: (
        calls.append(os.readlink(f'/proc/self/fd/{descriptor}')),
        fsync(descriptor)))
    monkeypatch.setattr(os, 'replace', lambda source, target: (
        calls.append(str(target)), replace(source, target)))
    runner_of(tmp_path, interval=10, max_iters=1).train()
    temporary, target, folder = calls
    assert '.tmp' in temporary and Path(temporary).parent == tmp_path
    assert target == str(tmp_path / 'iter_1.pth')
    assert folder == str(tmp_path)


def test_a_full_disk_ends_the_run_and_costs_nothing(tmp_path, monkeypatch):
    """The message says what to do; half a file is not left."""
    original = Path.write_bytes

    def fail(path, content):
        if 'iter_2' in path.name:
            original(path, content[:1000])
            raise OSError(errno.ENOSPC, 'No space left on device')
        return original(path, content)

    monkeypatch.setattr(Path, 'write_bytes', fail)
    with pytest.raises(OSError, match='No space left.*--resume') as error:
        runner_of(tmp_path).train()
    assert error.value.errno == errno.ENOSPC
    assert error.value.filename == str(tmp_path / 'iter_2.pth')
    assert whole(tmp_path) == {'iter_1.pth'}
    assert not list(tmp_path.glob('.*'))


def test_what_a_killed_process_could_not_remove_is_removed(tmp_path):
    """And nothing else: other files of such names are somebody else's."""
    runner_of(tmp_path, interval=2, max_iters=4).train()
    for name in ('iter_2.pth', 'iter_3.pth'):
        shutil.copy(tmp_path / 'iter_4.pth', tmp_path / name)
    runner = runner_of(
        tmp_path, interval=2, max_iters=6, resume=True,
        load_from=str(tmp_path / 'iter_4.pth'))
    runner.load_or_resume()
    runner.call_hook('before_train')
    assert names(tmp_path) == {'iter_3.pth', 'iter_4.pth'}


BEST = 'best_student_mIoU_iter_{}.pth'


def touch(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(name)


def test_checkpoints_of_an_earlier_run_are_renamed(tmp_path):
    """Otherwise its best, of a later iteration, would be tested."""
    folder = tmp_path / 'run[1]'
    left = {'iter_2.pth', 'iter_40.pth', BEST.format(38)}
    touch(folder, *left, 'model.pth', 'other_iter_3.pth')
    runner = runner_of(folder, max_iters=3, log_level='WARNING')
    runner.train()
    assert names(folder) == {'iter_3.pth', 'model.pth', 'other_iter_3.pth'}
    for name in left:
        assert (folder / f'{name}.old').read_text() == name
    text = next(folder.glob('*/*.log')).read_text()
    assert f'{BEST.format(38)} belongs to another start of this run' in text


def test_the_checkpoint_that_a_run_starts_from_remains(tmp_path):
    runner_of(tmp_path, max_iters=2).train()
    runner = runner_of(
        tmp_path, max_iters=1, load_from=str(tmp_path / 'iter_2.pth'))
    runner.load_or_resume()
    touch(tmp_path, 'iter_4.pth')
    runner.call_hook('before_train')
    assert names(tmp_path) == {'iter_2.pth'}


def test_later_checkpoints_are_renamed_when_resuming(tmp_path):
    """Also a best one; the validation of its iteration is repeated."""
    runner_of(tmp_path, interval=2, max_iters=4, keep=-1).train()
    touch(tmp_path, *(BEST.format(i) for i in (2, 3, 4, 6)), 'iter_6.pth')
    runner = runner_of(
        tmp_path, interval=2, max_iters=8, resume=True, keep=-1,
        load_from=str(tmp_path / 'iter_4.pth'))
    runner.load_or_resume()
    runner.message_hub.update_info('best_ckpt', BEST.format(3))
    runner.call_hook('before_train')
    assert names(tmp_path) == {
        'iter_2.pth', 'iter_4.pth', BEST.format(2), BEST.format(3)}


def test_the_best_of_the_iteration_stays_if_the_checkpoint_names_it(tmp_path):
    runner_of(tmp_path, interval=2, max_iters=4).train()
    touch(tmp_path, BEST.format(4))
    runner = runner_of(
        tmp_path, interval=2, max_iters=8, resume=True,
        load_from=str(tmp_path / 'iter_4.pth'))
    runner.load_or_resume()
    runner.message_hub.update_info('best_ckpt', BEST.format(4))
    runner.call_hook('before_train')
    assert names(tmp_path) == {'iter_4.pth', BEST.format(4)}


def test_all_are_kept_if_there_is_no_limit(tmp_path):
    runner_of(tmp_path, keep=-1).train()
    assert names(tmp_path) == {f'iter_{i}.pth' for i in (1, 2, 3)}


def test_a_folder_may_be_moved(tmp_path):
    """A checkpoint contains paths of the folder where it was written."""
    options = dict(default_hooks=checkpoint_hook(
        interval=2, save_best='student/mIoU'))
    validated_runner(tmp_path / 'old', **options).train()
    os.rename(tmp_path / 'old', tmp_path / 'new')
    checkpoint = tmp_path / 'new' / 'iter_4.pth'
    runner = validated_runner(
        tmp_path / 'new', load_from=str(checkpoint), resume=True, **options)
    runner.load_or_resume()
    runner.call_hook('before_train')
    best, = (tmp_path / 'new').glob('best_*.pth')
    assert runner.message_hub.get_info('best_ckpt') == str(best)
    assert hook_of(runner).best_ckpt_path == str(best)
    assert hook_of(runner).last_ckpt == str(checkpoint)


def test_other_places_than_a_disk_are_left_to_mmengine(tmp_path):
    hook = dict(type='AtomicCheckpointHook', interval=1,
                backend_args=dict(backend='local'))
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook')], SGD, max_iters=1,
        default_hooks=dict(checkpoint=hook))
    prepare(runner)
    assert type(hook_of(runner).file_backend) is LocalBackend


def test_a_best_score_that_does_not_exist_is_refused(tmp_path):
    runner = validated_runner(
        tmp_path, default_hooks=checkpoint_hook(save_best='teacher/mIoU'))
    prepare(runner)
    with pytest.raises(ValueError, match='choose from student/mIoU, x'):
        hook_of(runner).after_val_epoch(
            runner, {'student/mIoU': 1., 'x': 2.})
