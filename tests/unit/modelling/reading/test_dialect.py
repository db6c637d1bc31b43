"""Files of semicolons, tabs and bars, and what precedes a header."""

import io

import pandas as pd
import pytest

from ml_action.modelling.reading.dialect import mark_of, with_commas
from tests.support.modelling import table_of

ROWS = 'name,"the ""x""",y\nA,1.5,2\n"B;b",,3\n"two\nlines",4,-5e3\n'


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_mark_gives_the_same_table(mark):
    text = pd.read_csv(io.StringIO(ROWS)).to_csv(index=False, sep=mark)
    pd.testing.assert_frame_equal(table_of(text).frame, table_of(ROWS).frame)


@pytest.mark.parametrize("content", [ROWS, "a\n1\n2\n", "a,b|c\n1,2\n", "note\nx;y\nz\n", "a,b\n1,x;y\n", "", "\n\n"])
def test_files_of_commas_and_of_one_column_stay_as_they_are(content):
    assert with_commas(content.encode()) == content.encode()


@pytest.mark.parametrize(
    ("head", "mark"),
    [
        (b"t;p\n1,5;2,5\n3,5;4,5\n", b";"),
        (b"t;p\r\n1;2\r\n", b";"), (b"a\tb c\n1\t2\n", b"\t"), (b"a|b\n1|2\n", b"|"),
        (b"a;b;c\n" + b"1;2;3\n" * 20 + b"1;2\n", b";"), (b"a;b\n1,2\n1,2\n", b","), (b'"a;b",c\n"1;2",3\n', b","),
        (b"a,b;c\n1,2;3\n", b","), (b"name;tags\nx;a|b\ny;c|d|e\n", b";"),
    ],
)  # fmt: skip
def test_the_mark_is_one_that_header_and_rows_have_equally_often(head, mark):
    assert mark_of(head) == mark


def test_decimal_commas_stay_in_their_cells():
    assert with_commas(b"t;p\n1,5;2\n;3,25\n") == b't,p\n"1,5",2\n,"3,25"\n'


@pytest.mark.parametrize("line", [b"sep=;\n", b"SEP=;\r\n", b'"sep=;"\n', b"\xef\xbb\xbfsep=;\n"])
def test_the_line_that_names_the_mark_for_excel_is_no_header(line):
    assert with_commas(line + b"a;b\n1;2\n") == b"a,b\n1,2\n"
    assert with_commas(b"sep=,\na,b\n1,2\n") == b"a,b\n1,2\n"


def test_comments_in_front_of_the_header_are_dropped_and_a_header_with_the_sign_is_none():
    assert with_commas(b"# exported 2024-03-31\n# by a and b\nx,y\n1,2\n") == b"x,y\n1,2\n"
    assert with_commas(b"# exported\nx;y\n1;2\n") == b"x,y\n1,2\n"
    assert with_commas(b"#id,y\n1,2\n") == b"#id,y\n1,2\n"
    assert with_commas(b"#\n#\n") == b"#\n#\n"


def test_bytes_of_any_encoding_stay():
    text = "größe;ort\n1,5;Köln\n".encode("cp1252")
    assert with_commas(text) == 'größe,ort\n"1,5",Köln\n'.encode("cp1252")


def test_a_cell_that_the_parser_refuses_leaves_the_file_as_it_is():
    content = b'a;b\n"1,2";"' + b"x" * 200_000 + b'"\n'
    assert with_commas(content) == content


def test_thousands_of_comments_are_not_dropped_one_by_one():
    content = b"#\n" * 30_000 + b"a,b\n" + b"1,2\n" * 200_000
    assert with_commas(content) == content[2 * 50 :]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a, b ,\tc\n1, x,2\n", b"a,b,c\n1, x,2\n"), (b" a,b \r\n1,2\r\n", b"a,b\r\n1,2\r\n"),
        (b'"a", "b, c" ," d"\n1,2,3\n', b'a,"b, c",d\n1,2,3\n'),
        (b"\xef\xbb\xbf a,b\n1,2\n", b"\xef\xbb\xbfa,b\n1,2\n"),
        (b"a ; b\n1;2\n", b"a,b\n1,2\n"), (b"total cost,b c\n1,2\n", b"total cost,b c\n1,2\n"), (b" a,b", b"a,b"),
        (b"a, b\r1, 2\r", b"a,b\r1, 2\r"),
        (b"\n \r\na, b\n1, 2\n", b"\n \r\na,b\n1, 2\n"),
        (b'" a\nb",c\n1,2\n', b'" a\nb",c\n1,2\n'),
    ],
)  # fmt: skip
def test_blanks_around_names_are_taken_off_and_cells_keep_theirs(content, expected):
    assert with_commas(content) == expected


def test_names_that_are_the_same_without_blanks_are_distinguished():
    assert list(table_of("a, a,a \n1,2,3\n").frame) == ["a", "a.1", "a.2"]
