"""A web server that predicts photos; it needs no package and no network."""
import base64
import io
import json
import re
import socket
import socketserver
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from ipaddress import ip_address
from os import path as osp
from typing import Any, NamedTuple, Optional
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
from PIL import Image

from mmseg_fst.utils.file_patterns import ARRAY_ENDING, IMAGE_ENDINGS
from mmseg_fst.utils.messages import lacks_memory

from .shown_networks import ShownNetwork, ShownPrediction

#: The files of the page by address, with their type. Nothing else is served.
PAGE_FILES = {
    '/': ('viewer.html', 'text/html; charset=utf-8'),
    '/viewer.css': ('viewer.css', 'text/css; charset=utf-8'),
    '/viewer.js': ('viewer.js', 'text/javascript; charset=utf-8')
}
#: Largest number of pixels of an image.
MOST_PIXELS = 2**27
# Requests that wait for a prediction, at most.
_MOST_WAITING = 8
_CHUNK = 2**20
_HEADERS = {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; style-src 'self'; "
                               "script-src 'self'; connect-src 'self'; "
                               'img-src data: blob:; media-src blob:; '
                               "base-uri 'none'; form-action 'none'; "
                               "frame-ancestors 'self'",
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff'
}


class Problem(Exception):
    """A request that is not answered.

    Attributes:
        status (HTTPStatus): Status of the answer.
    """

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class Request(NamedTuple):
    """A photo to predict.

    Attributes:
        network (int): Index of the network.
        name (str): File name of the photo, for messages.
        confidence (bool): Whether to return the confidence, too.
    """
    network: int
    name: str
    confidence: bool


class PhotoServer(ThreadingHTTPServer):
    """Serves the page and predicts the photos that are sent to it.

    ``GET /`` is the page, ``GET /networks`` describes the networks, and
    ``POST /predict?network=INDEX&name=NAME&confidence=0`` takes the bytes of
    an image and returns JSON: the prediction, or ``{"error": SENTENCE}``. On
    a loopback address requests of other pages are refused. One photo is
    predicted at a time. Close the server to delete its temporary files.

    Args:
        networks (Sequence[ShownNetwork]): The networks.
        host (str): Address to listen on. Defaults to ``'127.0.0.1'``: only
            this machine can connect.
        port (int): Port to listen on. Defaults to 0: any free one.
        most_bytes (int): Size of the largest photo that is accepted. Defaults
            to 64 MiB.

    Raises:
        OSError: If the address cannot be listened on.

    Example:
        >>> with PhotoServer(networks, port=8000) as server:
        ...     server.serve_forever()
    """

    daemon_threads = True

    def __init__(self, networks: Sequence[ShownNetwork],
                 host: str = '127.0.0.1', port: int = 0,
                 most_bytes: int = 64 * 2**20) -> None:
        self.networks = networks
        self.most_bytes = most_bytes
        self._predicting = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)
        self._closed = False
        folder = resources.files('mmseg_fst.view')
        #: Content and type of the files of the page, by address.
        self.files = {
            address: ((folder / name).read_bytes(), kind)
            for address, (name, kind) in PAGE_FILES.items()
        }
        if ':' in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise OSError(
                f'The server cannot listen on port {port} of {host} '
                f'({error}). Give another port with --port, or 0 for a free '
                'one, and an address of this machine with --host.') from error
        self._folder = tempfile.TemporaryDirectory(prefix='mmseg_fst_view_')

    def server_bind(self) -> None:
        """Bind to the address, without asking for its name on the network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        return ip_address(self.server_name).is_loopback

    @property
    def url(self) -> str:
        """Address of the page on this machine."""
        address = ip_address(self.server_name)
        host = '127.0.0.1' if address.is_unspecified else str(address)
        host = f'[{host}]' if ':' in host else host
        return f'http://{host}:{self.server_port}/'

    def close(self) -> None:
        """Stop listening, wait for a prediction, delete temporary files."""
        self._closed = True
        self.server_close()
        # The interpreter must not end while a thread computes.
        with self._predicting:
            self._folder.cleanup()

    def __exit__(self, *error: object) -> None:
        self.close()

    def description(self) -> dict[str, Any]:
        """What the page shows of the networks.

        Returns:
            dict: ``networks`` with ``title``, ``run``, ``network``,
            ``classes``, ``palette`` and ``unpainted`` of each, and the
            largest size of a photo, ``most_bytes``.
        """
        return dict(
            most_bytes=self.most_bytes,
            networks=[
                dict(
                    title=network.title,
                    run=network.name,
                    network=network.network,
                    classes=network.meta['classes'],
                    palette=network.meta['palette'],
                    unpainted=network.unpainted())
                for network in self.networks
            ])

    def predict(self, request: Request, content: bytes) -> dict[str, Any]:
        """Predict a photo.

        Args:
            request (Request): What to predict.
            content (bytes): The bytes of the file.

        Returns:
            dict: As JSON for the page, arrays in Base64.

        Raises:
            Problem: If it cannot be predicted.
        """
        _check_pixels(content, request.name)
        if not self._waiting.acquire(blocking=False):
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE,
                          'Too many photos are waiting; try again later.')
        try:
            with self._predicting:
                start = time.perf_counter()
                found = self._predict(request, content)
                seconds = time.perf_counter() - start
        finally:
            self._waiting.release()
        return dict(_encoded(found), seconds=round(seconds, 3))

    def _predict(self, request: Request, content: bytes) -> ShownPrediction:
        """Predict a photo, for which loaders of any kind need a file."""
        if self._closed:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE,
                          'The program has been stopped.')
        with tempfile.NamedTemporaryFile(
                dir=self._folder.name, suffix=_ending(request.name)) as file:
            file.write(content)
            file.flush()
            try:
                return self.networks[request.network].predict(
                    file.name, request.confidence)
            # A bad file raises errors of many libraries.
            except Exception as error:
                raise _problem(error, file.name, request.name) from error


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of a :class:`PhotoServer`."""

    server: PhotoServer
    server_version = 'mmseg_fst'
    sys_version = ''
    timeout = 60  # seconds without a byte

    def do_GET(self) -> None:
        """Send a file of the page, or the description of the networks."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Predict a photo."""
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the page shows what happens."""

    def _answer(self, act: Callable[[], tuple[bytes, str]]) -> None:
        """Send what a method returns, or its problem as one sentence."""
        status = HTTPStatus.OK
        try:
            try:
                self._check_origin()
                content, kind = act()
            except Problem as problem:
                status, kind = problem.status, 'application/json'
                content = json.dumps(dict(error=str(problem))).encode()
            self.send_response(status)
            for name, value in (*_HEADERS.items(), ('Content-Type', kind),
                                ('Content-Length', str(len(content)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # the browser has gone on

    def _check_origin(self) -> None:
        """Refuse requests that other pages make the browser send."""
        host = self.headers.get('Host', '')
        origin = self.headers.get('Origin')
        name = urlsplit(f'//{host}').hostname or ''
        # A domain of others may be made to resolve to this machine.
        known = not self.server.is_local or (
            name == 'localhost' or _is_loopback(name))
        if not known or origin is not None and (
                urlsplit(origin).netloc != host):
            raise Problem(HTTPStatus.FORBIDDEN,
                          'Requests of other pages are refused.')

    def _get(self) -> tuple[bytes, str]:
        """Content and type of what is at an address."""
        address = urlsplit(self.path).path
        if address == '/networks':
            description = json.dumps(self.server.description()).encode()
            return description, 'application/json'
        if address not in self.server.files:
            raise Problem(HTTPStatus.NOT_FOUND,
                          'There is nothing at this address.')
        return self.server.files[address]

    def _post(self) -> tuple[bytes, str]:
        """The prediction of a photo as JSON."""
        address = urlsplit(self.path)
        content = self._body()
        if address.path != '/predict':
            raise Problem(HTTPStatus.NOT_FOUND,
                          'There is nothing at this address.')
        request = _request(address.query, len(self.server.networks))
        prediction = self.server.predict(request, content)
        return json.dumps(prediction).encode(), 'application/json'

    def _body(self) -> bytes:
        """The bytes that were sent."""
        text = self.headers.get('Content-Length', '')
        if not text.isdigit():
            raise Problem(HTTPStatus.LENGTH_REQUIRED,
                          'The request has no Content-Length.')
        length, most = int(text), self.server.most_bytes
        if length > most:
            self._skip(min(length, 4 * most))
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f'The file has {length / 2**20:.1f} MiB, more than the '
                f'{most / 2**20:g} MiB that are accepted; start the program '
                'with a larger --max-megabytes, or use tools/predict.py.')
        content = self.rfile.read(length)
        if len(content) < length:
            raise Problem(HTTPStatus.BAD_REQUEST,
                          'The file has not arrived completely.')
        return content

    def _skip(self, count: int) -> None:
        """Read bytes away: a client reads no answer before it has sent all."""
        while count > 0:
            found = len(self.rfile.read(min(count, _CHUNK)))
            count = count - found if found else 0


def _request(query: str, count: int) -> Request:
    """Read a query.

    Args:
        query (str): Such as ``'network=0&name=photo.jpg'``.
        count (int): Number of networks.
    """
    values = {key: found[-1] for key, found in parse_qs(query).items()}
    network = values.get('network', '')
    if not re.fullmatch('[0-9]{1,4}', network) or int(network) >= count:
        raise Problem(HTTPStatus.BAD_REQUEST,
                      f'There is no such network; give network=0 to '
                      f'{count - 1}.')
    name = re.split(r'[/\\]', values.get('name', ''))[-1][:200]
    return Request(int(network), name or 'The photo',
                   values.get('confidence') == '1')


def _ending(name: str) -> Optional[str]:
    """The ending of a file name if it is that of an image."""
    ending = osp.splitext(name)[1].lower()
    return ending if ending in (*IMAGE_ENDINGS, ARRAY_ENDING) else None


def _check_pixels(content: bytes, name: str) -> None:
    """Raise on an image that would fill the memory once it is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of large images
            with Image.open(io.BytesIO(content)) as image:
                too_large = image.width * image.height > MOST_PIXELS
    except Image.DecompressionBombError:
        too_large = True
    except Exception:  # Pillow raises many kinds on what it does not know
        too_large = False
    if too_large:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f'{name} has more than {MOST_PIXELS / 1e6:.0f} megapixels; use '
            'tools/predict.py.')


def _problem(error: Exception, path: str, name: str) -> Problem:
    """The error of a photo in one sentence, with its name."""
    if lacks_memory(error):
        return Problem(HTTPStatus.INSUFFICIENT_STORAGE,
                       f'There is not enough memory to predict {name}.')
    text = str(error).replace(path, name)
    if not isinstance(error, (OSError, ValueError, ImportError)):
        traceback.print_exception(error, file=sys.stderr)
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR,
                       f'{type(error).__name__}: {text}')
    sentence = re.split(r'(?<=[.;]) (?=[A-Z])', text)[0]
    return Problem(HTTPStatus.BAD_REQUEST, sentence)


def _encoded(found: ShownPrediction) -> dict[str, Any]:
    """A prediction as JSON."""
    height, width = found.label.shape
    _, photo = cv2.imencode(
        '.jpg', np.ascontiguousarray(found.image[..., ::-1]),
        [cv2.IMWRITE_JPEG_QUALITY, 90])
    return dict(
        height=height,
        width=width,
        size=list(found.size),
        image='data:image/jpeg;base64,' + _base64(photo),
        label=_base64(found.label),
        confidence=None if found.confidence is None else _base64(
            found.confidence),
        shares=found.shares,
        note=found.note)


def _base64(values: np.ndarray) -> str:
    """Bytes of an array as text."""
    return base64.b64encode(values.tobytes()).decode()


def _is_loopback(name: str) -> bool:
    """Whether a host name is a loopback address."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
