"""What a rehearsal proposes and warns of, for figures made up to decide each rule."""

from __future__ import annotations

from dataclasses import replace

from engine.jobs.rehearsal_advice import (
    BatchFacts,
    Circumstances,
    WorkerFacts,
    batch_proposals,
    fitting_size,
    precision_proposals,
    warnings_of,
    worker_proposals,
)
from engine.protocol.rehearsal import TriedBatch

GIB = 1 << 30


def tried(size: int, speed: float, gib: float = 1.0, fits: bool = True) -> TriedBatch:
    return TriedBatch(batch_size=size, images_per_s=speed, peak_memory_bytes=round(gib * GIB), fits=fits)


def facts(*sizes: TriedBatch, batch_size: int = 32, images: int = 10_000, usable: float = 8) -> BatchFacts:
    return BatchFacts(batch_size, images, sizes, usable * GIB, accumulate=1)


def fields(proposals: list) -> dict[str, object]:
    return {one.field: one.proposed for one in proposals}


def test_that_a_clearly_faster_batch_is_proposed_with_its_figures() -> None:
    proposals = batch_proposals(facts(tried(32, 100), tried(64, 150, 2), tried(128, 155, 4)))

    assert fields(proposals) == {"batch_size": 64}  # 128 gains no more than noise over it
    assert "150 images a second were measured, 100 with 32" in proposals[0].why
    assert "2.0 GiB of 9.4 GiB" in proposals[0].why  # 8 GiB are 85 %


def test_that_a_batch_that_is_no_faster_is_left_alone() -> None:
    assert batch_proposals(facts(tried(8, 95), tried(32, 100), tried(64, 110, 2))) == []


def test_that_a_faster_batch_beyond_the_memory_or_with_few_steps_is_not_proposed() -> None:
    assert batch_proposals(facts(tried(32, 100), tried(64, 200, 9))) == []
    assert batch_proposals(facts(tried(32, 100), tried(64, 200), images=500)) == []
    assert fields(batch_proposals(facts(tried(32, 100), tried(64, 200), images=512))) == {"batch_size": 64}


def test_that_tiny_batches_are_not_proposed_however_fast() -> None:
    assert batch_proposals(facts(tried(2, 300), tried(8, 90), tried(32, 100))) == []


def test_that_a_batch_that_does_not_fit_becomes_the_largest_that_does_with_more_accumulation() -> None:
    # 1 GiB and 0.5 GiB an image: 8 GiB hold 14, of which 8 is even.
    found = facts(tried(2, 10, 2), tried(8, 12, 5), tried(32, 0, 17, fits=False))

    proposals = batch_proposals(found)

    assert fitting_size(found) == 8
    assert fields(proposals) == {"batch_size": 8, "accumulate_steps": 4}
    assert "85%" in proposals[0].why
    assert proposals[1].current == 1


def test_that_the_largest_tried_counts_where_no_line_can_be_drawn() -> None:
    assert fitting_size(facts(tried(16, 10), tried(32, 0, 0, fits=False))) == 16
    assert fitting_size(facts(tried(32, 0, 0, fits=False))) == 0
    assert batch_proposals(facts(tried(32, 0, 0, fits=False))) == []


def test_that_a_batch_larger_than_the_split_becomes_one_with_several_steps() -> None:
    assert fields(batch_proposals(facts(tried(40, 10), batch_size=64, images=40))) == {"batch_size": 4}


def test_that_never_a_single_image_is_proposed_where_there_are_several() -> None:
    assert fields(batch_proposals(facts(tried(12, 10), batch_size=64, images=12))) == {"batch_size": 2}


def workers(measured: dict[int, float], needed: float = 100) -> list:
    return worker_proposals(WorkerFacts("auto", 2, needed, measured))


def test_that_the_fewest_threads_that_keep_up_are_proposed() -> None:
    proposals = workers({2: 40, 4: 105, 8: 200})

    assert fields(proposals) == {"workers": 4}
    assert proposals[0].current == "auto"
    assert proposals[0].why == "4 threads load 105 images a second, 2 load 40; the network takes 100."


def test_that_the_fastest_threads_are_proposed_where_none_keep_up() -> None:
    assert fields(workers({2: 40, 4: 70, 8: 60})) == {"workers": 4}


def test_that_threads_are_left_alone_where_more_gain_nothing() -> None:
    assert workers({2: 40, 4: 44}) == []
    assert workers({2: 120, 4: 300}) == []
    assert workers({}) == []


def test_that_numbers_are_left_to_a_training_that_tries_processes_itself() -> None:
    facts = WorkerFacts("auto", 2, 100, {2: 40, 4: 105}, tries_processes=True)

    assert worker_proposals(facts) == []
    (proposal,) = worker_proposals(replace(facts, setting=2))
    assert (proposal.current, proposal.proposed) == (2, "auto")
    assert worker_proposals(replace(facts, setting=4, workers=4)) == []


def test_that_a_precision_that_was_set_gives_way_to_a_clearly_faster_one_only() -> None:
    measured = {"fp32": 0.2, "bf16": 0.15, "bf16 channels-last": 0.1}
    assert fields(precision_proposals("fp32", measured)) == {"precision": "bf16"}
    assert precision_proposals("bf16", measured) == []
    assert precision_proposals("auto", measured) == []
    assert precision_proposals("fp32", {"fp32": 0.2, "bf16": 0.19}) == []
    assert precision_proposals("fp32", {"fp32": 0.004, "bf16": 0.001}) == []
    assert precision_proposals("fp32", {}) == []


QUIET = Circumstances(
    device="cuda:0",
    batch_size=32,
    train_images=1000,
    wait_share=0.0,
    waits_s=600.0,
    fits=True,
    needs_bytes=0,
    limit_bytes=8 * GIB,
    disk_bytes=2 * GIB,
    checkpoint_bytes=GIB,
    disk_free_bytes=3 * GIB,
    is_cached=True,
    workers_proposed=False,
    workers_tried=False,
    fits_instead=0,
)


def test_that_nothing_is_warned_of_where_all_is_well() -> None:
    assert warnings_of(QUIET) == []


def test_that_waiting_is_told_with_the_remedy_that_helps() -> None:
    def told(**changes: bool) -> str:
        (warning,) = warnings_of(replace(QUIET, wait_share=0.43, **changes))
        assert warning.code == "waits_for_images"
        assert warning.message == "The GPU waits for images 43% of the time."
        return warning.remedy

    assert "loader threads" in told(workers_proposed=True)
    assert "are tried" in told(workers_tried=True)
    assert "cache" in told(is_cached=False)
    assert "augmentation" in told()
    assert warnings_of(replace(QUIET, wait_share=0.43, waits_s=10.0)) == []
    assert warnings_of(replace(QUIET, wait_share=0.05)) == []


def test_that_a_disk_that_takes_the_checkpoints_but_not_the_draft_beside_them_is_too_small() -> None:
    (warning,) = warnings_of(replace(QUIET, disk_free_bytes=3 * GIB - 1))

    assert warning.code == "disk_too_small"
    assert warning.message == "The checkpoints need 3.0 GiB of disk while they are written; 3.0 GiB are free."


def test_that_memory_and_split_that_are_too_small_are_told_with_figures() -> None:
    memory, split = warnings_of(
        replace(QUIET, fits=False, needs_bytes=17 * GIB, fits_instead=8, train_images=20)
    )

    assert memory.code == "memory_too_small"
    assert memory.message == (
        "The GPU's memory is not enough for a batch of 32: about 17.0 GiB are needed, 8.0 GiB are there."
    )
    assert "batch_size to 8" in memory.remedy
    assert split.code == "batch_larger_than_split"
