from udviz.studies.log import tail


def test_a_progress_bar_is_one_line_as_it_stands_in_the_end(tmp_path):
    (tmp_path / "log").write_bytes(b"begin\n 1 %\r 50 %\r100 %\r\nend\n")

    assert tail(tmp_path / "log") == "begin\n100 %\nend"


def test_colours_and_bells_and_bytes_that_are_no_text_do_no_harm(tmp_path):
    (tmp_path / "log").write_bytes(b"\x1b[1;31mred\x1b[0m\x07 \xff\x00x\n")

    assert tail(tmp_path / "log") == "red \ufffdx"


def test_only_the_end_is_read(tmp_path):
    (tmp_path / "log").write_text("\n".join(map(str, range(100_000))))

    assert tail(tmp_path / "log", n_lines=2) == "99998\n99999"


def test_no_log_is_empty(tmp_path):
    assert tail(tmp_path / "log") == ""
