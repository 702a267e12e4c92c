"""The two JSON documents, as the documentation of TensorFlow, Cloud ML Engine and Vertex AI has them."""

from __future__ import annotations

import json

import pytest

from hagane.jobs.cluster import cluster_spec, place_replicas, tf_config
from hagane.jobs.declaration import Declaration
from hagane.jobs.declare_job import declare_job
from hagane.jobs.job import Job, WorkerPool

HOST = "127.0.0.1"


def pools(*counts: int) -> tuple[WorkerPool, ...]:
    return tuple(WorkerPool(replica_count=count, command=("x",)) for count in counts)


def test_tf_config_is_that_of_the_documentation():
    """https://cloud.google.com/ai-platform/training/docs/distributed-training-details, its example's form."""
    asked = Declaration(workers=2, parameter_servers=1, evaluators=1, job_dir="out")
    job = declare_job("trainer.task", ["--steps=9"], asked)
    cluster = place_replicas(job, range(2222, 2228))
    worker = cluster.replicas[2]
    assert json.loads(json.dumps(tf_config(cluster, worker))) == {
        "cluster": {
            "chief": [f"{HOST}:2222"],
            "worker": [f"{HOST}:2223", f"{HOST}:2224"],
            "ps": [f"{HOST}:2225"],
        },
        "environment": "cloud",
        "job": {
            "job_name": "trainer.task",
            "args": ["--steps=9", "--job-dir", "out"],
            "python_module": "trainer.task",
            "worker_count": 2,
            "parameter_server_count": 1,
            "evaluator_count": 1,
            "job_dir": "out",
        },
        "task": {"type": "worker", "index": 1},
    }


def test_the_evaluator_is_a_task_outside_the_cluster():
    cluster = place_replicas(Job(name="a", worker_pools=pools(1, 0, 0, 1)), range(10, 13))
    found = tf_config(cluster, cluster.replicas[1])
    assert (found["task"], list(found["cluster"])) == ({"type": "evaluator", "index": 0}, ["chief"])


def test_a_lone_primary_replica_has_no_cluster_as_in_gclouds_local_mode():
    cluster = place_replicas(Job(name="a", worker_pools=pools(1)), range(10, 12))
    found = tf_config(cluster, cluster.replicas[0])
    assert (found["task"], found["cluster"]) == ({}, {})


def test_the_primary_replica_may_be_the_master():
    cluster = place_replicas(Job(name="a", worker_pools=pools(1, 1), primary="master"), range(10, 13))
    assert set(tf_config(cluster, cluster.replicas[0])["cluster"]) == {"master", "worker"}
    assert cluster.replicas[0].name == "master-0"


def test_cluster_spec_is_that_of_the_documentation():
    """https://cloud.google.com/vertex-ai/docs/training/distributed-training, CLUSTER_SPEC."""
    job = Job(name="a", worker_pools=pools(1, 1, 1, 1), custom_job_spec={"worker_pool_specs": []})
    cluster = place_replicas(job, range(2222, 2227))
    assert cluster_spec(cluster, cluster.replicas[3]) == {
        "cluster": {
            "workerpool0": [f"{HOST}:2222"],
            "workerpool1": [f"{HOST}:2223"],
            "workerpool2": [f"{HOST}:2224"],
            "workerpool3": [f"{HOST}:2225"],
        },
        "environment": "cloud",
        "task": {"type": "workerpool3", "index": 0},
        "job": {"worker_pool_specs": []},
    }


@pytest.mark.parametrize("num_workers", range(9))
@pytest.mark.parametrize("num_hosts", range(1, 5))
def test_ranks_fill_the_machines_one_after_another(num_workers, num_hosts):
    hosts = tuple("abcd"[:num_hosts])
    cluster = place_replicas(Job(name="a", worker_pools=pools(1, num_workers, 3, 1)), range(100), hosts)
    nodes = [replica.node for replica in cluster.ranks]
    sizes = [nodes.count(node) for node in set(nodes)]
    assert nodes == sorted(nodes)
    assert nodes[0] == 0
    assert max(sizes) - min(sizes) <= 1
    assert [replica.host for replica in cluster.replicas] == [hosts[replica.node] for replica in cluster.replicas]


def test_addresses_of_ipv6_stand_in_brackets():
    cluster = place_replicas(Job(name="a", worker_pools=pools(1)), [7, 8], ("::1",))
    assert cluster.replicas[0].address == "[::1]:7"
