"""`container`: the one container that all clusters run, as Kubernetes describes it."""

from __future__ import annotations

from typing import Any

from hagane.workflow.packaging.image import PORT, USER, Image


def container(image: Image, *, name: str = "server", port_name: str = "http") -> dict[str, Any]:
    """Image, port, resources and rights; probes and what ends it are the cluster's own affair."""
    memory = image.memory_mebibytes
    return {
        "name": name,
        "image": image.name,
        "ports": [{"name": port_name, "containerPort": PORT}],
        "resources": {"requests": {"cpu": "1", "memory": f"{memory}Mi"}, "limits": {"memory": f"{2 * memory}Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def volumes() -> list[dict[str, Any]]:
    """What may be written, since the image itself may not."""
    return [{"name": "tmp", "emptyDir": {}}]


def probe(path: str, port: str | int = "http", **times: int) -> dict[str, Any]:
    """Ask the server by HTTP."""
    return {"httpGet": {"path": path, "port": port}, **times}
