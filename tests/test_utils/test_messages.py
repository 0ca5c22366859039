"""Errors that become one message."""
import re
from types import SimpleNamespace

import pytest
import torch

from mmseg_fst.utils import messages
from mmseg_fst.utils.checks import LostProcess
from mmseg_fst.utils.error_place import line_of
from mmseg_fst.utils.messages import message_of, one_message


def test_the_message_is_kind_and_text():
    assert message_of(ValueError('no x. Do y.')) == 'ValueError: no x. Do y.'
    # KeyError puts its text in quotes.
    assert message_of(KeyError("no 'x'")) == "KeyError: no 'x'"


def test_the_last_error_of_a_data_loader_is_reported():
    text = ('Caught OSError in DataLoader worker process 0.\n'
            'Original Traceback (most recent call last):\n'
            '  File "x.py", line 1\nValueError: first\n\n'
            'The above exception ...\n  File "y.py", line 2\n'
            'OSError: a.jpg is truncated.\n')
    assert message_of(OSError(text)) == 'OSError: a.jpg is truncated.'


def test_the_traceback_goes_to_the_folder_of_the_run(tmp_path):
    with pytest.raises(SystemExit) as caught, one_message(str(tmp_path)):
        raise ValueError('no x')
    path = tmp_path / 'error.txt'
    assert caught.value.code == f'ValueError: no x (More in {path}.)'
    assert 'raise ValueError' in path.read_text()


def test_a_folder_is_not_made_for_it(tmp_path):
    folder = tmp_path / 'none'
    with pytest.raises(SystemExit, match='^OSError: x$'), one_message(
            str(folder)):
        raise OSError('x')
    assert not folder.exists()


def test_a_bug_of_the_program_shows_its_traceback():
    with pytest.raises(ZeroDivisionError), one_message():
        1 / 0


def test_a_lost_process_does_not_overwrite_a_traceback(tmp_path):
    (tmp_path / 'error.txt').write_text('of the other')
    with pytest.raises(SystemExit, match='^gone$'), one_message(
            str(tmp_path)):
        raise LostProcess('gone')
    assert (tmp_path / 'error.txt').read_text() == 'of the other'


def test_a_wrong_key_is_a_user_error_only_in_a_run(tmp_path):
    with pytest.raises(SystemExit, match='KeyError: x'), one_message(
            str(tmp_path)):
        raise KeyError('x')
    with pytest.raises(KeyError), one_message():
        raise KeyError('x')


def test_a_traceback_that_cannot_be_written_hides_no_message(tmp_path):
    (tmp_path / 'error.txt').symlink_to('/dev/full')
    with pytest.raises(SystemExit, match='^ValueError: no x$'), one_message(
            str(tmp_path)):
        raise ValueError('no x')


def test_the_traceback_of_an_earlier_start_is_removed(tmp_path):
    (tmp_path / 'error.txt').write_text('old')
    with one_message(str(tmp_path)):
        pass
    assert not (tmp_path / 'error.txt').exists()


def crop(size):
    """Build a transform of a library with a size."""
    from mmseg.datasets.transforms import RandomCrop
    return RandomCrop(size)


CONFIG = dict(
    augmentation=[dict(type='RandomCrop')],
    train_dataloader=dict(dataset=dict(pipeline=[
        dict(type='RandomCrop', crop_size=(0, 4), nested=dict(a=1))])))


def test_the_error_of_a_library_names_the_settings_behind_it(tmp_path):
    with pytest.raises(SystemExit) as caught, one_message(
            str(tmp_path), CONFIG):
        crop((0, 4))
    message = caught.value.code
    assert message.startswith('AssertionError: ')
    assert ('Check the settings of train_dataloader.dataset.pipeline.0 '
            '(RandomCrop: crop_size=(0, 4)).') in message
    with pytest.raises(SystemExit) as caught, one_message():  # no run
        crop((0, 4))
    assert caught.value.code.endswith(
        '. Set MMSEG_FST_TRACEBACK=1 to see the traceback.')


class RasterError(Exception):
    """An error of a library in C, raised at the line that calls it."""


@pytest.mark.parametrize('module, is_bug', [
    ('rasterio.errors', False), ('builtins', True), ('mmseg_fst.ops', True)])
def test_errors_of_libraries_in_c(module, is_bug, monkeypatch):
    monkeypatch.setattr(RasterError, '__module__', module)
    with pytest.raises(RasterError if is_bug else SystemExit), one_message():
        raise RasterError('no bands')


@pytest.mark.parametrize('error', [
    MemoryError(), torch.OutOfMemoryError('CUDA out of memory. Tried'),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")])
@pytest.mark.parametrize('in_run', [False, True])
def test_too_little_memory_is_never_a_bug(error, in_run, tmp_path):
    place = (str(tmp_path), {}) if in_run else ()
    with pytest.raises(SystemExit) as caught, one_message(*place):
        raise error
    assert in_run or 'use a smaller size, smaller windows' in (
        caught.value.code)


def test_a_bare_assertion_shows_its_condition():
    error = AssertionError()
    try:
        torch.nn.functional.pad(torch.zeros(1), 'x')
    except Exception as raised:
        error = error.with_traceback(raised.__traceback__)
    assert re.match(r'AssertionError: .*\(functional.py, \d+\)',
                    message_of(error))


def test_an_assertion_of_this_package_is_a_bug(tmp_path):
    with pytest.raises(AssertionError), one_message(str(tmp_path), CONFIG):
        assert not CONFIG


def test_the_worker_of_a_data_loader_is_searched_for_its_line():
    text = ('Caught {kind} in DataLoader worker process 0.\n'
            'Original Traceback (most recent call last):\n'
            '  File "{file}", line 3, in x\n    assert x\n{kind}\n')
    inside = messages.__file__
    for file, in_library in ((torch.__file__, True), (inside, False)):
        error = AssertionError(text.format(kind='AssertionError', file=file))
        assert line_of(error).in_library is in_library
        assert message_of(error).startswith('AssertionError: ')
        assert 'Original' not in message_of(error)


@pytest.mark.parametrize('text, advice', [
    ('CUDA out of memory. Tried', 'Reduce train_dataloader.batch_size'),
    ('Expected more than 1 value per channel when training', 'raise train_'),
    ('The image size in a batch should be the same', 'to 1, or resize')])
def test_errors_with_a_common_fix_name_it(text, advice, monkeypatch):
    monkeypatch.setattr(messages, 'line_of', lambda error: SimpleNamespace(
        in_library=True))
    assert advice in message_of(RuntimeError(text), {})


@pytest.mark.parametrize('value', ['1', '0', ''])
def test_the_environment_asks_for_tracebacks(value, monkeypatch):
    monkeypatch.setenv('MMSEG_FST_TRACEBACK', value)
    for error in (ValueError('x'), LostProcess('x')):
        with pytest.raises(type(error) if value == '1' else SystemExit), \
                one_message():
            raise error
