"""What a file is by its name and its first bytes; gzip and UTF-16 made plain."""

from __future__ import annotations

import gzip
import io
import zlib

from ml_action.core.errors import DataError
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading.limits import ReadLimits, UnreadableFile

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
# UTF-32 first: its mark begins as that of UTF-16 does.
_WIDE = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# No text begins like this. https://en.wikipedia.org/wiki/List_of_file_signatures
_KNOWN = (
    (_GZIP, "is packed by gzip; name it .csv.gz"),
    (b"PK\x03\x04", "is a ZIP archive (an Excel workbook?), not CSV"),
    (b"PK\x05\x06", "is an empty ZIP archive, not CSV"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Excel or Word file, not CSV"),
    (b"%PDF-", "is a PDF, not CSV"),
    (b"\x89PNG\r\n\x1a\n", "is a PNG image, not CSV"),
    (b"\xff\xd8\xff", "is a JPEG image, not CSV"),
    (b"GIF87a", "is a GIF image, not CSV"),
    (b"GIF89a", "is a GIF image, not CSV"),
    (b"BZh91AY&SY", "is packed by bzip2; unpack it, or pack it by gzip"),
    (b"\xfd7zXZ\0", "is packed by xz; unpack it, or pack it by gzip"),
    (b"\x28\xb5\x2f\xfd", "is packed by zstd; unpack it, or pack it by gzip"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive, not CSV"),
    (b"Rar!\x1a\x07", "is a RAR archive, not CSV"),
    (b"SQLite format 3\0", "is an SQLite database, not CSV"),
    (b"\x89HDF\r\n\x1a\n", "is an HDF5 file, not CSV"),
    (b"\x93NUMPY", "is a NumPy array, not CSV"),
    (b"ARROW1\0\0", "is an Arrow file, not CSV"),
    (b"\x7fELF", "is a program, not CSV"),
    (b"Obj\x01", "is an Avro file, not CSV"),
    *((bytes([0x80, protocol]), "is a Python pickle, not CSV; pickles are never opened") for protocol in range(2, 6)),
)
_PAGES = (b"<!doctype html", b"<html")
_BEGINNINGS = bytes({magic[0] for magic, _ in (*_WIDE, *_KNOWN)}) + b"P<"


def pointer(dataset: Dataset) -> DataError:
    """What is said of a Git LFS pointer where data is expected."""
    return DataError(
        "A dataset is a Git LFS pointer, not data.",
        why="The repository keeps its datasets in Git LFS and the checkout did not fetch them.",
        fix="Set `lfs: true` on actions/checkout, or keep small CSV files in git itself.",
        path=dataset.path,
        line=1,
    )


def is_parquet(path: str) -> bool:
    """Whether the name says Parquet."""
    return path.lower().endswith(".parquet")


def text_of(path: str, content: bytes, limits: ReadLimits) -> bytes:
    """The CSV text of a file, unpacked, in UTF-8 (or in an unknown encoding that is no UTF-16 or 32).

    Raises:
        Unreadable: it is larger than the limit, damaged, or something else than CSV.
    """
    if path.lower().endswith(".gz"):
        content = _gunzip(content, limits)
    if content[:1] in _BEGINNINGS:
        _refuse_known(content)
        content = _decoded(content)
    return content


def _gunzip(content: bytes, limits: ReadLimits) -> bytes:
    """All members, unpacked; never more than one piece beyond the limit."""
    if not content.startswith(_GZIP):
        raise UnreadableFile("is not packed by gzip, though its name ends with .gz")
    unpacked, size = io.BytesIO(), 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            while piece := file.read(_CHUNK):
                size += unpacked.write(piece)
                if size > limits.bytes:
                    raise limits.too_large()
    except EOFError:
        raise UnreadableFile("is a gzip file that breaks off in the middle") from None
    except (OSError, zlib.error):
        raise UnreadableFile("is a damaged gzip file") from None
    return unpacked.getvalue()


def _refuse_known(content: bytes) -> None:
    for magic, reason in _KNOWN:
        if content.startswith(magic):
            raise UnreadableFile(reason)
    if content.startswith(_PARQUET) and content.endswith(_PARQUET):
        raise UnreadableFile("is a Parquet file; name it .parquet")
    if content[:16].lower().startswith(_PAGES):
        raise UnreadableFile("is a web page, not CSV (an error page that was saved?)", 1)


def _decoded(content: bytes) -> bytes:
    """UTF-16 and UTF-32 with a byte order mark, as UTF-8 without one."""
    for mark, encoding in _WIDE:
        if content.startswith(mark):
            try:
                return content.decode(encoding).encode()
            except UnicodeError:
                raise UnreadableFile(f"is not {encoding.upper()}, though it begins like it; save it as UTF-8") from None
    return content
