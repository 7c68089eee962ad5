import os
import stat

import pytest

from stillwatch.disk import writing


def test_what_was_there_stays_where_writing_ends_early(tmp_path):
    path = tmp_path / "kept"
    path.write_bytes(b"before")
    with pytest.raises(TypeError), writing(path) as file:
        file.writelines([b"half", "no bytes"])
    assert path.read_bytes() == b"before"
    assert [left.name for left in tmp_path.iterdir()] == ["kept"]


def test_nobody_reads_what_is_not_whole(tmp_path):
    path = tmp_path / "new"
    with writing(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
        file.write(b" and half")
    assert path.read_bytes() == b"half and half"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_a_private_file_is_its_owners_from_the_first_byte(tmp_path):
    path = tmp_path / "private"
    with writing(path, private=True) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
