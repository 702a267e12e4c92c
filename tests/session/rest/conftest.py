"""One server for the tests of its methods."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bigquery_api import Api


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    api = Api(tmp_path_factory.mktemp("bigquery"))
    yield api
    api.app.close()
