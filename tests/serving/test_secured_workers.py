"""The whole of it at once: workers behind TLS and tokens, a signed bundle, metrics over all, a worker killed."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client.parser import text_string_to_metric_families as parse_text

from hagane.bundle.signed_manifest import sign_bundle
from hagane.serving.tokens.token_file import TokenFile

SERVE = "import sys; from hagane.fronts.cli.run import run; sys.exit(run(sys.argv[1:]))"


def signed(folder: Path, place: Path) -> tuple[Path, Path]:
    """A signed copy of the bundle, and the public key."""
    key = Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    private, public = place / "release.key", place / "release.pub"
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    bundle = Path(shutil.copytree(folder, place / "flights"))
    sign_bundle(bundle, private)
    return bundle, public


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux")
def test_workers_behind_tls_and_tokens_count_together(flights_folder: Path, tmp_path: Path) -> None:
    bundle, public = signed(flights_folder, tmp_path)
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    secret, _ = TokenFile(tmp_path / "tokens.json").create("tests", scopes=("predict", "metrics"))
    words = ["serve", str(bundle), "--port", "0", "--workers", "2", "--workspace", str(tmp_path)]
    words += ["--tls-cert", str(certificate), "--tls-key", str(key), "--trusted-keys", str(public)]
    process = subprocess.Popen([sys.executable, "-c", SERVE, *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    message = ""
    try:
        while "Ctrl+C" not in message:
            line = process.stdout.readline()
            assert line, message
            message += line
        url = message.split(" at ")[1].split()[0]
        context = ssl.create_default_context()
        authority.configure_trust(context)

        def ask(method: str, path: str, token: str = secret, **more: object) -> httpx.Response:
            """On a connection of its own: any worker may answer."""
            headers = {"authorization": f"Bearer {token}"}
            with httpx.Client(base_url=url, verify=context, trust_env=False, headers=headers) as client:
                return client.request(method, path, **more)  # type: ignore[arg-type]

        def counted() -> tuple[float, set[int]]:
            families = {family.name: family.samples for family in parse_text(ask("GET", "/metrics").text)}
            of_predict = (each for each in families["hagane_requests"] if each.labels["kind"] == "predict")
            good = sum(each.value for each in of_predict if each.labels["status"] == "2xx")
            told = {int(each.labels["pid"]) for each in families["process_resident_memory_bytes"]}
            return good, told - {process.pid}  # of the workers, not of who starts them

        for _ in range(20):
            assert ask("POST", "/predict", json={"instances": [{}]}).status_code == 200
        assert ask("POST", "/predict", token="none", json={"instances": [{}]}).status_code == 401
        while counted()[0] < 20:
            pass
        good, pids = counted()
        assert (good, len(pids)) == (20, 2)
        victim = pids.pop()
        os.kill(victim, signal.SIGKILL)
        while not (victim not in (now := counted())[1] and len(now[1]) == 2):
            assert now[0] == 20
        assert counted()[0] == 20
    finally:
        process.terminate()
        process.communicate()
    assert process.returncode == 0
