"""Real pairs on real worker processes: lost workers, pairs that kill them, a scheduler by its address."""

import os
import signal
import subprocess
import sys

import distributed
import pytest

import ltcore
from ltcore.batch import cluster
from ltcore.batch.cluster import remote_workers
from ltcore.batch.manifest import read_manifest
from ltcore.batch.run import BatchRun
from ltcore.errors import InputError, LtcoreError
from ltcore.record import read_record


def run(workers, pairs, resume=False, tell=lambda outcome: None):
    """Returns the outcomes by id; fails if a pair has two."""
    outcomes = {}

    def keep(outcome):
        assert outcome.id not in outcomes
        outcomes[outcome.id] = outcome
        tell(outcome)

    BatchRun(workers, resume, keep).run(pairs)
    return outcomes


def test_every_pair_gets_its_folder_and_workers_keep_their_networks(workers, pairs_of):
    pairs = pairs_of(*(f"p{number}" for number in range(6)))
    outcomes = run(workers, pairs)
    assert {outcome.verdict for outcome in outcomes.values()} == {"PASS"}
    for pair in pairs:
        record = read_record(pair.job.out_dir / "record.json")
        assert outcomes[pair.id].numbers["inliers"] == record["quality"]["inliers"]
        assert {path.name for path in pair.job.out_dir.iterdir()} == {*record["outputs"].values(), "thumbnail.jpg"}
    misses = workers.client.run(lambda: ltcore.batch.tasks._describer_for.cache_info().misses)
    assert len(misses) == 2
    assert max(misses.values()) <= 1


def test_a_pair_that_cannot_be_read_is_told_and_the_others_go_on(workers, pairs_of, tmp_path):
    good, bad = pairs_of("good", "bad")
    folder = tmp_path / "out" / "bad"
    folder.parent.mkdir()
    folder.symlink_to(tmp_path)
    outcomes = run(workers, [good, bad])
    assert (outcomes["good"].verdict, outcomes["bad"].verdict) == ("PASS", "ERROR")
    assert "link" in outcomes["bad"].reason


def test_killing_a_worker_in_the_middle_loses_nothing(workers, pairs_of):
    pids = iter(workers.client.run(os.getpid).values())
    killed = []

    def kill_one(outcome):
        if not killed:
            killed.append(next(pids))
            os.kill(killed[0], signal.SIGKILL)

    outcomes = run(workers, pairs_of(*(f"p{number}" for number in range(8))), tell=kill_one)
    assert killed
    assert len(outcomes) == 8
    assert {outcome.verdict for outcome in outcomes.values()} == {"PASS"}


def test_a_pair_that_kills_its_workers_is_given_up_and_the_others_go_on(workers, pairs_of):
    class Killer(distributed.WorkerPlugin):
        """Kills the process as soon as it begins the pair 'poison'."""

        name = "killer"

        def transition(self, key, start, finish, **_):
            if finish == "executing" and "poison" in key:
                os.kill(os.getpid(), signal.SIGKILL)

    workers.client.register_plugin(Killer())
    try:
        outcomes = run(workers, pairs_of("a", "poison", "b", "c", "d"))
    finally:
        workers.client.unregister_worker_plugin("killer")
    assert {name: outcome.verdict for name, outcome in outcomes.items()} == {
        "a": "PASS", "b": "PASS", "c": "PASS", "d": "PASS", "poison": "ERROR",
    }  # fmt: skip
    assert "3 workers were lost" in outcomes["poison"].reason
    assert "signal 9" in outcomes["poison"].reason


def test_a_scheduler_is_used_by_its_address_and_lives_on(workers, pairs_of):
    address = workers.client.scheduler.address
    with remote_workers(address) as remote:
        assert run(remote, pairs_of("far"))["far"].verdict == "PASS"
    assert len(workers.client.nthreads()) == 2


def test_pairs_for_a_gpu_go_to_workers_that_offer_one(rows_of, manifest_of, tmp_path):
    rows = [{**row, "device": "cuda"} for row in rows_of("a", "b", "c")]
    pairs = read_manifest(manifest_of(rows), tmp_path / "out")
    here = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    workers = {
        name: {"cls": distributed.Worker, "options": {**here, "nthreads": 1, "resources": offered}}
        for name, offered in (("plain", {}), ("gpu", {"GPU": 1}))
    }
    scheduler = {"cls": distributed.Scheduler, "options": here}
    with distributed.SpecCluster(workers, scheduler) as mixed, remote_workers(mixed.scheduler_address) as remote:
        with distributed.get_task_stream(remote.client) as stream:
            assert len(run(remote, pairs)) == 3
        addresses = {task["worker"] for task in stream.data if task["key"][0].startswith("ltcore-")}
        assert addresses == {mixed.workers["gpu"].address}


def test_workers_of_several_threads_are_refused():
    how = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "protocol": "tcp"}
    with (
        distributed.LocalCluster(**how, dashboard_address="127.0.0.1:0") as crowded,
        pytest.raises(InputError, match=r"2 threads.*--nthreads 1"),
        remote_workers(crowded.scheduler_address),
    ):
        pass


@pytest.mark.parametrize("address", ["10.0.0.1:8786", "http://10.0.0.1:8786", "tcp://10.0.0.1", "inproc://x", ""])
def test_what_is_no_address_of_a_scheduler_is_refused(address):
    with pytest.raises(InputError, match="tcp://"), remote_workers(address):
        pass


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_S", 1)
    with pytest.raises(LtcoreError, match="cannot be reached"), remote_workers("tcp://127.0.0.1:9"):
        pass


def test_tls_without_certificates_is_refused():
    with pytest.raises(InputError, match="certificates"), remote_workers("tls://127.0.0.1:9"):
        pass


CLUSTER = """
import sys, time
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        print(cluster.scheduler_address, flush=True)
        time.sleep(300)
"""


def test_a_scheduler_that_dies_ends_the_run_and_keeps_what_is_done(pairs_of, tmp_path):
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip()
        with remote_workers(address) as remote, pytest.raises(LtcoreError, match=r"scheduler is gone.*--resume"):
            run(remote, pairs_of("a", "b", "c", "d", "e", "f"), tell=lambda _: process.kill())
    assert any((tmp_path / "out" / name / "record.json").is_file() for name in "abcdef")
