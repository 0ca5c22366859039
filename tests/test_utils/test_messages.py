"""Errors that become one message."""
import pytest

from mmseg_fst.utils.checks import LostProcess
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
