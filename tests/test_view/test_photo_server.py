"""The server of the viewer: uploads, refusals, and what it sends."""
import base64
import http.client
import io
import json
import os
import re
import socket
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from fake_run import META, co_training_cfg, make_run
from helpers import image_of, model_cfg, random_label
from PIL import Image

from mmseg_fst.apis import load_model, predict
from mmseg_fst.commands import start
from mmseg_fst.view import (
    PhotoServer,
    load_networks,
    photo_server,
    shown_networks,
)

MOST_BYTES = 200_000


def photo(seed=0, size=(32, 64)):
    rng = np.random.default_rng(seed)
    return image_of(rng, random_label(rng, size))


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'PNG')
    return file.getvalue()


@contextmanager
def serving(networks, **options):
    with PhotoServer(networks, **options) as server:
        thread = threading.Thread(target=server.serve_forever, args=(.02, ))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """Folders of a run with a teacher and of a supervised run."""
    root = tmp_path_factory.mktemp('runs')
    return [
        make_run(root / 'fst' / 'seed_0'),
        make_run(root / 'supervised' / 'seed_0', model_cfg(labels_only=True))
    ]


@pytest.fixture(scope='module')
def server(runs):
    networks = load_networks([str(run) for run in runs], 'cpu')
    with serving(networks, most_bytes=MOST_BYTES) as found:
        yield found


def ask(server, method, address, body=None, **headers):
    """Status, headers and content of an answer; JSON is parsed."""
    connection = http.client.HTTPConnection(
        '127.0.0.1', server.server_port, timeout=20)
    connection.request(method, address, body,
                       {name.replace('_', '-'): value
                        for name, value in headers.items()})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.headers['Content-Type'] == 'application/json':
        content = json.loads(content)
    return answer.status, answer.headers, content


def ids_of(answer, key='label'):
    values = np.frombuffer(base64.b64decode(answer[key]), np.uint8)
    return values.reshape(answer['height'], answer['width'])


def test_networks_of_all_runs_are_described(server):
    status, headers, found = ask(server, 'GET', '/networks')
    assert status == 200 and found['most_bytes'] == MOST_BYTES
    assert [network['title'] for network in found['networks']] == [
        'fst: student', 'fst: teacher', 'supervised: student']
    assert found['networks'][0]['classes'] == META['classes']
    assert found['networks'][0]['palette'] == META['palette']
    assert "default-src 'none'" in headers['Content-Security-Policy']


@pytest.mark.parametrize('index, network', [(0, 'student'), (1, 'teacher')])
def test_a_photo_is_predicted_as_by_the_other_programs(
        server, runs, index, network):
    status, _, found = ask(
        server, 'POST', f'/predict?network={index}&name=a.png', png(photo()))
    assert status == 200 and found['size'] == [32, 64]
    expected, = predict(load_model(str(runs[0]), 'cpu', network), photo())
    assert (ids_of(found) == expected.label).all()
    assert found['shares'] == pytest.approx(
        np.bincount(expected.label.ravel(), minlength=11) / (32 * 64))
    assert found['confidence'] is None and found['note'] == ''
    kind, _, text = found['image'].partition(',')
    assert kind == 'data:image/jpeg;base64'
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
    assert abs(shown.astype(int) - photo()).mean() < 12  # a JPEG loses some


def test_student_and_teacher_predict_differently(server):
    labels = [
        ids_of(ask(server, 'POST', f'/predict?network={index}',
                   png(photo()))[2]) for index in (0, 1, 0)]
    assert (labels[0] != labels[1]).any() and (labels[0] == labels[2]).all()


def test_confidence_is_the_probability_of_the_class(server, runs):
    _, _, found = ask(server, 'POST', '/predict?network=0&confidence=1',
                      png(photo()))
    expected, = predict(load_model(str(runs[0]), 'cpu'), photo(),
                        with_probabilities=True)
    assert abs(ids_of(found, 'confidence') / 255 -
               expected.probabilities.max(0)).max() < .01


def test_a_large_photo_is_tiled_and_shrunk(tmp_path, monkeypatch):
    monkeypatch.setattr(shown_networks, 'LONGEST_SIDE', 100)
    run = make_run(
        tmp_path / 'run', native_size=(32, 64),
        steps=[dict(type='Resize', scale=(64, 32), keep_ratio=True)])
    image = photo(size=(128, 256))
    with serving(load_networks([str(run)], 'cpu')) as server:
        _, _, found = ask(server, 'POST', '/predict?network=0&confidence=1',
                          png(image))
    assert (found['height'], found['width']) == (50, 100)
    assert found['size'] == [128, 256] and 'in tiles' in found['note']
    expected, = predict(load_model(str(run), 'cpu'), image)
    # Shares are counted in the whole image.
    assert found['shares'] == pytest.approx(
        np.bincount(expected.label.ravel(), minlength=11) / image[..., 0].size)


def test_the_ensemble_of_co_training(tmp_path):
    run = make_run(tmp_path / 'run', co_training_cfg())
    networks = load_networks([str(run)], 'cpu')
    assert [network.network for network in networks] == ['a', 'b', 'ensemble']
    path = tmp_path / 'a.png'
    path.write_bytes(png(photo()))
    labels = [network.predict(str(path)).label for network in networks]
    expected, = predict(load_model(str(run), 'cpu', 'ensemble'), photo())
    assert (labels[2] == expected.label).all()


@pytest.mark.parametrize('content, reason', [
    (b'nothing', 'is not an image that cv2 can read.'),
    (b'', 'is not an image that cv2 can read.'),
    (png(photo())[:300], 'is truncated: it has no end mark.'),
], ids=['text', 'empty', 'half'])
def test_a_damaged_photo_is_named_in_one_sentence(server, content, reason):
    status, _, found = ask(
        server, 'POST', '/predict?network=0&name=dir%2Fmy%20photo.png',
        content)
    assert status == 400 and found == dict(error=f'my photo.png {reason}')
    assert not os.listdir(server._folder.name)


def test_a_photo_of_another_kind(server):
    file = io.BytesIO()
    np.save(file, np.zeros((8, 8, 5), np.uint8))
    status, _, found = ask(
        server, 'POST', '/predict?network=0&name=a.npy', file.getvalue())
    assert status == 400 and '3 channels are expected' in found['error']


def test_a_file_that_is_too_large(server):
    status, _, found = ask(server, 'POST', '/predict?network=0',
                           bytes(2 * MOST_BYTES))
    assert status == 413 and '--max-megabytes' in found['error']
    assert ask(server, 'GET', '/')[0] == 200


def test_an_image_of_too_many_pixels_is_not_decoded(server, monkeypatch):
    monkeypatch.setattr(photo_server, 'MOST_PIXELS', 2000)
    status, _, found = ask(server, 'POST', '/predict?network=0&name=a.png',
                           png(photo()))
    assert status == 413 and 'a.png has more than' in found['error']


@pytest.mark.parametrize('method, address, status', [
    ('GET', '/nothing', 404), ('POST', '/nothing', 404), ('POST', '/', 404),
    ('GET', '/predict', 404), ('PUT', '/predict', 501),
    ('POST', '/predict', 400), ('POST', '/predict?network=3', 400),
    ('POST', '/predict?network=-1', 400), ('POST', '/predict?network=x', 400),
    ('GET', '/../setup.py', 404), ('GET', '//etc/passwd', 404),
    ('GET', '/%2e%2e/%2e%2e/etc/passwd', 404),
    ('GET', '/viewer.js/../photo_server.py', 404),
    ('GET', '/photo_server.py', 404), ('GET', 'viewer.css', 404),
])
def test_nothing_else_is_served(server, method, address, status):
    found, _, content = ask(server, method, address, b'' * (method != 'GET'))
    assert found == status
    assert status == 501 or set(content) == {'error'}


def test_the_name_of_a_photo_is_not_a_path(server, tmp_path):
    """Not even an ending leads out of the temporary folder."""
    for name in ('/etc/passwd', '../../x.png', 'a./../../b', 'a.\0png'):
        status, _, _ = ask(
            server, 'POST', '/predict?network=0&name=' +
            name.replace('\0', '%00'), png(photo()))
        assert status == 200


@pytest.mark.parametrize('headers', [
    dict(Host='evil.example'), dict(Host='127.0.0.1.evil.example'),
    dict(Origin='http://evil.example'), dict(Origin='null'), dict(Host='')])
def test_requests_of_other_pages_are_refused(server, headers):
    assert ask(server, 'POST', '/predict?network=0', png(photo()),
               **headers)[0] == 403
    assert ask(server, 'GET', '/networks', **headers)[0] == 403


def test_requests_of_this_page_are_answered(server):
    for host in ('localhost', '127.0.0.1', '[::1]'):
        host = f'{host}:{server.server_port}'
        assert ask(server, 'GET', '/networks', Host=host,
                   Origin=f'http://{host}')[0] == 200


def test_requests_that_break_off(server):
    """The server goes on, and needs a length."""
    for text in (b'POST /predict?network=0 HTTP/1.0\r\nHost: localhost\r\n',
                 b'\r\n', b'\0\1\2\r\n\r\n'):
        with socket.create_connection(
                ('127.0.0.1', server.server_port)) as connection:
            connection.sendall(text)
    with socket.create_connection(
            ('127.0.0.1', server.server_port)) as connection:
        connection.sendall(b'POST /predict?network=0 HTTP/1.0\r\n'
                           b'Host: localhost\r\n\r\n')
        assert b' 411 ' in connection.recv(1000)
    assert ask(server, 'GET', '/')[0] == 200


def test_an_error_of_the_program_is_shown_and_logged(server, monkeypatch,
                                                     capfd):
    def fail(*args):
        raise KeyError('a bug')

    monkeypatch.setattr(server.networks[0], 'predict', fail)
    status, _, found = ask(server, 'POST', '/predict?network=0',
                           png(photo()))
    assert status == 500 and found['error'] == "KeyError: 'a bug'"
    assert 'Traceback' in capfd.readouterr().err


def test_a_folder_of_seeds_stands_for_the_first(tmp_path):
    for seed in (10, 2):
        make_run(tmp_path / 'fst' / f'seed_{seed}')
    networks = load_networks([
        str(tmp_path / 'fst'), str(tmp_path / 'fst' / 'seed_10'),
        str(tmp_path / 'fst' / 'seed_2')], 'cpu')
    assert [network.name for network in networks] == [
        'fst/seed_2', 'fst/seed_2', 'fst/seed_10', 'fst/seed_10']


def test_wrong_runs_and_ports_end_with_a_message(tmp_path, runs, server):
    with pytest.raises(SystemExit, match='no folder or checkpoint .*nothing'):
        start('view', [str(tmp_path / 'nothing'), '--port', '0'])
    port = str(server.server_port)
    with pytest.raises(SystemExit, match='with --port, or 0 for a free one'):
        start('view', [str(runs[1]), '--port', port, '--no-browser',
                       '--device', 'cpu'])


def test_the_program_stops_by_ctrl_c(runs, monkeypatch, capsys):
    folders = []

    def interrupted(server):
        folders.append(server._folder.name)
        assert os.path.isdir(folders[0])
        raise KeyboardInterrupt

    monkeypatch.setattr(PhotoServer, 'serve_forever', interrupted)
    monkeypatch.setattr('webbrowser.open', pytest.fail)
    start('view', [str(runs[0]), '--port', '0', '--no-browser', '--device',
                   'cpu'])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'Networks: fst: student'
    assert re.fullmatch(r'Page:     http://127\.0\.0\.1:[0-9]+/', lines[2])
    assert lines[-1] == 'Stopped.' and not os.path.exists(folders[0])


def test_the_browser_opens_where_there_is_a_screen(runs, monkeypatch):
    opened = []

    def interrupted(server):
        raise KeyboardInterrupt

    monkeypatch.setattr(PhotoServer, 'serve_forever', interrupted)
    monkeypatch.setattr('webbrowser.open', opened.append)
    for name, value in (('DISPLAY', ''), ('DISPLAY', ':0')):
        monkeypatch.delenv('WAYLAND_DISPLAY', raising=False)
        monkeypatch.setenv(name, value)
        monkeypatch.setattr('sys.platform', 'linux')
        start('view', [str(runs[1]), '--port', '0', '--device', 'cpu'])
    address, = opened
    assert address.startswith('http://127.0.0.1:')
