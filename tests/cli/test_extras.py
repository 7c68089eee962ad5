import pytest

from stillwatch.cli.extras import extra
from stillwatch.errors import MissingExtraError


def test_what_is_missing_is_named_with_the_extra_that_brings_it():
    with pytest.raises(MissingExtraError) as caught, extra("share", "a hub needs"):
        import no_such_package  # noqa: F401, PLC0415
    assert "a hub needs no_such_package" in caught.value.diagnostics()
    assert "pip install 'stillwatch[share]'" in caught.value.diagnostics()


def test_a_part_of_ours_that_is_missing_is_no_extra():
    with pytest.raises(ModuleNotFoundError), extra("share", "a hub needs"):
        import stillwatch.no_such_part  # noqa: F401, PLC0415
