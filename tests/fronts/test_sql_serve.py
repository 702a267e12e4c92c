"""`hagane sql --serve`, as a process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from hagane.fronts.cli.run import run


def test_it_answers_until_it_is_told_to_end(tmp_path):
    command = [sys.executable, "-m", "hagane.fronts.cli", "sql", "--serve", "--port", "0", "--workspace", str(tmp_path)]
    environment = os.environ | {"HAGANE_SQL_TOKEN": "secret"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        found = re.search(r"http://[\d.:]+", process.stdout.readline())
        assert found
        body = json.dumps({"query": "CREATE TABLE t AS SELECT 1 AS a; SELECT a FROM t", "useLegacySql": False}).encode()
        request = urllib.request.Request(f"{found[0]}/bigquery/v2/projects/p/queries", body, method="POST")
        request.add_header("Authorization", "Bearer secret")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        assert json.loads(opener.open(request, timeout=60).read())["rows"] == [{"f": [{"v": "1"}]}]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [(["--host", "0.0.0.0"], 10, "could run SQL"), (["SELECT 1"], 2, "leave the script out")],
)
def test_what_cannot_be_served(arguments, code, told, tmp_path, capsys):
    assert run(["sql", "--serve", "--port", "0", "--workspace", str(tmp_path), *arguments]) == code
    assert told in capsys.readouterr().err
