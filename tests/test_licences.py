from __future__ import annotations

import pytest

from curator.licences import COMMERCIAL, allows_commercial_use, normalised


@pytest.mark.parametrize(
    ("stated", "identifier"),
    [
        ("CC BY 4.0", "CC-BY-4.0"),
        ("cc-by-sa-3.0", "CC-BY-SA-3.0"),
        ("CC BY-NC-ND 2.0", "CC-BY-NC-ND-2.0"),
        ("CC BY NC SA 4.0", "CC-BY-NC-SA-4.0"),
        ("https://creativecommons.org/licenses/by-nc/2.0/", "CC-BY-NC-2.0"),
        ("http://creativecommons.org/licenses/by-sa/3.0/de/deed.de", "CC-BY-SA-3.0-DE"),
        ("https://creativecommons.org/licenses/by/3.0/fr/", "CC-BY-3.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "CC-PDM-1.0"),
        ("Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)", "CC-BY-NC-4.0"),
        ("Creative Commons Attribution-ShareAlike 2.0 Generic", "CC-BY-SA-2.0"),
        ("Creative Commons Attribution-NonCommercial-NoDerivs 2.5", "CC-BY-NC-ND-2.5"),
        ("Creative Commons Attribution 4", "CC-BY-4.0"),
        ("CC BY", "CC-BY"),
        ("CC0", "CC0-1.0"),
        ("CC0 1.0", "CC0-1.0"),
        ("Public domain", "CC-PDM-1.0"),
        ("MIT", "MIT"),
        ("MIT License", "MIT"),
        ("Apache 2.0", "Apache-2.0"),
        ("No known copyright restrictions", "LicenseRef-No-Known-Copyright-Restrictions"),
        ("\u00a9 2020 Ann, all rights reserved", "LicenseRef-All-Rights-Reserved"),
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0"),
        ("ask me", None),
        ("commercial", None),
        ("accredited by 2.0", None),
        ("CC BY 9.0", None),
        ("", None),
        (None, None),
    ],
)
def test_a_licence_has_one_name_however_it_is_written(
    stated: str | None, identifier: str | None
) -> None:
    assert normalised(stated) == identifier
    # What is normalised stays so.
    assert normalised(identifier) == identifier


def test_only_what_is_known_to_allow_it_allows_commercial_use() -> None:
    assert allows_commercial_use("CC-BY-SA-3.0-DE")
    assert allows_commercial_use("CC0-1.0")
    assert not allows_commercial_use("CC-BY-NC-4.0")
    assert not allows_commercial_use("LicenseRef-All-Rights-Reserved")
    assert not allows_commercial_use(None)
    assert not any("NC" in name for name in COMMERCIAL)
