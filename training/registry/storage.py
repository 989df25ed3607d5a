"""Files of a registry in a folder (path, file://), an S3-compatible store (s3://) or memory://.

What promotions rest on is `create`: a name is given to exactly one writer. In a folder that is a
hard link to the finished file (O_EXCL where the file system has no hard links), on S3 a PUT with
If-None-Match: *, which is tried out before it is relied on.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from training.registry.errors import RegistryError, RegistryUnavailable

SCHEMES = ("file", "s3", "memory")
CHUNK = 1 << 20  # bytes
PART = ".part-"  # begins the name of a file that is being written


class Storage:
    """Names are relative to the registry's root, with `/`.

    An s3:// store takes credentials, region and endpoint from the environment as every AWS tool
    does (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL ...). All methods raise RegistryUnavailable.
    """

    def __init__(self, url: str) -> None:
        """Raises RegistryError: a URL of another kind, or s3:// without the package s3fs."""
        scheme = url.partition("://")[0] if "://" in url else "file"
        if scheme not in SCHEMES:
            raise RegistryError(
                f"a registry cannot be at {url}: give a folder, file://, s3:// or memory://"
            )
        # Another process writes too, so nothing that was listed may be remembered.
        options = {"use_listings_cache": False} if scheme == "s3" else {}
        try:
            self._fs, root = url_to_fs(url, **options)
        except ImportError as error:
            raise RegistryError(
                f"{url} needs the extra named s3: pip install 'chartsift[s3]' ({error})"
            ) from error
        self.url, self._root, self._scheme = url, root.rstrip("/"), scheme
        self._exclusive = scheme != "s3"

    def read(self, name: str) -> bytes:
        """Raises FileNotFoundError."""
        with self._answering():
            content: bytes = self._fs.cat_file(self._at(name))
        return content

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content in pieces of at most CHUNK bytes. Raises FileNotFoundError."""
        with self._answering(), self._fs.open(self._at(name), "rb") as opened:
            while piece := opened.read(CHUNK):
                yield piece

    def names(self, folder: str) -> list[str]:
        """The last parts of the names in a folder; none where there is no folder."""
        with self._answering():
            try:
                found = self._fs.ls(self._at(folder), detail=False)
            except FileNotFoundError:
                self._require_bucket()
                return []
        return sorted(one.rstrip("/").rpartition("/")[2] for one in found)

    def put(self, source: Path, name: str) -> str:
        """Copies a file of this machine; the sha256 of what was written, in hex."""
        digest = hashlib.sha256()

        def pieces() -> Iterator[bytes]:
            with source.open("rb") as opened:
                while piece := opened.read(CHUNK):
                    digest.update(piece)
                    yield piece

        self._write(name, pieces())
        return digest.hexdigest()

    def write(self, name: str, content: bytes) -> None:
        self._write(name, iter([content]))

    def create(self, name: str, content: bytes) -> bool:
        """Writes a file that must be new; False if the name is taken, also at the same moment.

        Raises RegistryError: an S3 server that would let two writers have the same name.
        """
        if not self._exclusive:
            self._try_out()
        with self._answering():
            return self._created(self._at(name), content)

    def _created(self, path: str, content: bytes) -> bool:
        try:
            if isinstance(self._fs, LocalFileSystem):
                _create_in_folder(Path(path), content)
            else:
                self._fs.pipe_file(path, content, mode="create")
        except FileExistsError:
            return False
        except OSError as error:
            if _is_conflict(error):
                return False
            raise
        return True

    def _write(self, name: str, pieces: Iterator[bytes]) -> None:
        path = self._at(name)
        with self._answering():
            if isinstance(self._fs, LocalFileSystem):
                part = _part(Path(path), pieces)
                part.replace(path)
            else:
                with self._fs.open(path, "wb") as opened:
                    for piece in pieces:
                        opened.write(piece)

    def _try_out(self) -> None:
        """Some S3-compatible servers ignore If-None-Match and would let both writers win."""
        with self._answering():
            path = self._at("log/.exclusive")
            self._created(path, b"")
            if self._created(path, b""):
                raise RegistryError(
                    f"{self.url}: this server ignores If-None-Match: *, so two promotions at the "
                    "same time could both win. Use a server that honours it, or a shared folder"
                )
        self._exclusive = True

    def _require_bucket(self) -> None:
        bucket = self._root.partition("/")[0]
        if self._scheme == "s3" and not self._fs.exists(bucket):
            raise RegistryUnavailable(f"{self.url}: there is no bucket {bucket}; create it first")

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, FileExistsError, RegistryError):
            raise
        except Exception as error:
            # botocore's and aiohttp's own errors are no OSErrors, and may not be installed
            if isinstance(error, OSError) or type(error).__module__.startswith(
                ("botocore", "aiobotocore", "aiohttp", "s3fs")
            ):
                raise RegistryUnavailable(f"{self.url}: {error}") from error
            raise


def _create_in_folder(path: Path, content: bytes) -> None:
    """Whole or not at all, whenever the process ends. Raises FileExistsError."""
    part = _part(path, iter([content]))
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with path.open("xb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    finally:
        part.unlink()


def _part(path: Path, pieces: Iterator[bytes]) -> Path:
    """A new file beside `path`, with this content on the disk; removed if it cannot be finished."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{PART}{uuid4().hex}")
    try:
        with part.open("xb") as opened:
            for piece in pieces:
                opened.write(piece)
            opened.flush()
            os.fsync(opened.fileno())
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    return part


def _is_conflict(error: OSError) -> bool:
    """S3 says 412 where the name is taken, 409 where another writer is at it; s3fs translates
    only what AWS words exactly so."""
    response = getattr(error.__cause__, "response", None) or {}
    code = str(response.get("Error", {}).get("Code", ""))
    return code in {"PreconditionFailed", "ConditionalRequestConflict", "412"}
