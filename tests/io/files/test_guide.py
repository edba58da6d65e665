from __future__ import annotations

import pytest

from structmask_gui.core.errors import InputError
from structmask_gui.io.files import locations


@pytest.mark.parametrize(
    "place", ["structmask_gui/resources/guide", "resources/guide", "build/site"]
)
def test_the_guide_is_found_in_a_package_and_in_a_checkout(tmp_path, monkeypatch, place):
    monkeypatch.setattr(locations, "files", lambda package: tmp_path / package)
    with pytest.raises(InputError, match=r"index\.html: the guide is not there"):
        locations.guide_page()
    folder = tmp_path / place
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("x")
    assert locations.guide_page() == folder / "index.html"
