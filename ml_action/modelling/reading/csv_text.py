"""CSV text out of files: gzip unpacked, UTF-16 decoded, and files of other kinds refused by their first bytes."""

from __future__ import annotations

import gzip
import io
import zlib

from ml_action.core import file_formats
from ml_action.core.file_formats import GZIP_CSV
from ml_action.modelling.reading import dialect
from ml_action.modelling.reading.limits import ReadLimits, UnreadableFile

_CHUNK = 1 << 20
_UNPACKED = 16_000_000  # bytes; smaller files may be packed as tightly as they like
_RATIO = 250  # a table of random digits is packed to a half, one with few values in a hundred rows to a fiftieth
_GZIP = 31  # for zlib: the largest window, with a header of gzip
_HEADER = 1 << 16  # bytes; no further is the end of the header line looked for
# UTF-32 first: its byte order mark begins as that of UTF-16 does.
_WIDE = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# No text begins like this. https://en.wikipedia.org/wiki/List_of_file_signatures
_SIGNATURES = (
    (b"PK\x03\x04", "is a ZIP archive (an Excel workbook?), not CSV; in Excel: File > Save As > CSV UTF-8"),
    (b"PK\x05\x06", "is an empty ZIP archive, not CSV"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "is an old Excel or Word file, not CSV; in Excel: File > Save As > CSV UTF-8",
    ),
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


class CsvReader:
    """Reads plain CSV files."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._formats = tuple(row for row in file_formats.FORMATS if row.magic)
        magic = (*(row.magic for row in self._formats), *(start for start, _ in (*_WIDE, *_SIGNATURES)), b"<")
        self._first_bytes = bytes({start[0] for start in magic})

    def read(self, content: bytes) -> bytes:
        """Returns the text in UTF-8, or in its own encoding if that is unknown, with commas between the columns.

        Raises:
            UnreadableFile: The file is something other than CSV.
        """
        if content[:1] in self._first_bytes:
            self._refuse_other_formats(content)
            content = _decoded(content)
        return dialect.with_commas(content)

    def header_line(self, beginning: bytes) -> bytes:
        """Returns the line with the columns' names, with commas between them."""
        text = _decoded(beginning, errors="ignore")[:_HEADER]  # the last character may be cut
        whole = text[: text.rfind(b"\n") + 1] or text
        return dialect.with_commas(whole).lstrip().split(b"\n", 1)[0].rstrip(b"\r")

    def close(self) -> None:
        """Does nothing: this reader starts no process."""

    def _refuse_other_formats(self, content: bytes) -> None:
        for row in self._formats:
            if content.startswith(row.magic) and content.endswith(row.trailer):
                raise UnreadableFile(f"{row.description}; name it {row.suffix}")
        for magic, reason in _SIGNATURES:
            if content.startswith(magic):
                raise UnreadableFile(reason)
        if content[:16].lower().startswith(_PAGES):
            raise UnreadableFile("is a web page, not CSV (an error page that was saved?)", 1)


class GzipCsvReader(CsvReader):
    """Reads CSV files that gzip has packed."""

    def read(self, content: bytes) -> bytes:
        """Returns the unpacked text in UTF-8, or unchanged if its encoding is unknown.

        Raises:
            UnreadableFile: The file is damaged, too large when it is unpacked, or something other than CSV.
        """
        return super().read(_gunzip(content, self._limits))

    def header_line(self, beginning: bytes) -> bytes:
        """Returns the same line of the unpacked text."""
        try:
            return super().header_line(zlib.decompressobj(_GZIP).decompress(beginning, _HEADER))
        except zlib.error as error:
            raise OSError(str(error)) from error


def _gunzip(content: bytes, limits: ReadLimits) -> bytes:
    """Unpacks all members of the file, up to one chunk beyond the limit: that of bytes, or that of the ratio so far."""
    if not content.startswith(GZIP_CSV.magic):
        raise UnreadableFile("is not packed by gzip, though its name ends with .gz")
    packed, unpacked, size = io.BytesIO(content), io.BytesIO(), 0
    try:
        with gzip.GzipFile(fileobj=packed) as file:
            while piece := file.read(_CHUNK):
                size += unpacked.write(piece)
                if size > limits.bytes:
                    raise limits.too_large()
                if size > _UNPACKED and size > _RATIO * packed.tell():
                    reason = f"unpacks to more than {_RATIO} times its size, as no data do; commit it as CSV"
                    raise UnreadableFile(reason)
    except EOFError:
        raise UnreadableFile("is a gzip file that breaks off in the middle") from None
    except (OSError, zlib.error):
        raise UnreadableFile("is a damaged gzip file") from None
    return unpacked.getvalue()


def _decoded(content: bytes, errors: str = "strict") -> bytes:
    """Converts UTF-16 and UTF-32 with a byte order mark to UTF-8 without one."""
    for mark, encoding in _WIDE:
        if content.startswith(mark):
            try:
                return content.decode(encoding, errors).encode()
            except UnicodeError:
                raise UnreadableFile(f"is not {encoding.upper()}, though it begins like it; save it as UTF-8") from None
    return content
