import io

from ml_action.core.log import PlainLog


def lines(act):
    stream = io.StringIO()
    act(PlainLog(stream))
    return stream.getvalue().splitlines()


def test_information_is_one_line():
    assert lines(lambda log: log.info("reading 3 datasets")) == ["reading 3 datasets"]


def test_progress_shows_only_the_end_of_a_stage():
    def act(log):
        for done in range(4):
            log.progress("fold", done, 3)

    assert lines(act) == ["fold: 3 of 3"]


def test_warnings_and_errors_name_their_location():
    def act(log):
        log.warn("odd", path="a.csv", line=3)
        log.warn("odd", path="a.csv")
        log.error("bad")

    assert lines(act) == ["warning: a.csv:3: odd", "warning: a.csv: odd", "error: bad"]


def test_hostile_file_names_are_escaped():
    (line,) = lines(lambda log: log.warn("odd", path="a\n\x1b[31m\u202e\udcff.csv"))
    assert line == "warning: a\\n\\x1b[31m\\u202e\\udcff.csv: odd"
