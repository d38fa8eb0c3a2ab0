"""The journal: what it acknowledged is there after a kill, whole records only, and one fsync serves many."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.aio import segments
from openami.aio.journal import Journal, JournalError
from openami.aio.segments import record, records


def reopened(path: Path) -> tuple[list[bytes], int]:
    journal = Journal(path)
    try:
        return list(journal.replay()), journal.torn
    finally:
        journal.close()


async def test_records_come_back_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "fleet.journal")
    for number in range(100):
        journal.append(b"record %d" % number)
    await journal.commit()
    journal.close()
    assert reopened(tmp_path / "fleet.journal") == ([b"record %d" % n for n in range(100)], 0)


def test_a_record_is_length_crc_payload() -> None:
    # CRC-32 of "123456789": the check value of every catalogue of CRCs
    assert record(b"123456789") == bytes.fromhex("00000009CBF43926") + b"123456789"


def test_a_torn_tail_is_cut_off_wherever_the_kill_came(tmp_path: Path) -> None:
    whole = record(b"first") + record(b"second")
    for length in range(len(record(b"first")), len(whole)):
        path = tmp_path / f"at{length}"
        path.with_name(path.name + ".000000").write_bytes(whole[:length])
        assert reopened(path) == ([b"first"], length - len(record(b"first")))
        assert reopened(path) == ([b"first"], 0)


def test_zeros_and_rubbish_behind_the_last_record_are_a_torn_tail(tmp_path: Path) -> None:
    for number, tail in enumerate((bytes(64), b"\xff" * 64, record(b"x")[:-1] + b"y")):
        path = tmp_path / str(number)
        path.with_name(path.name + ".000000").write_bytes(record(b"kept") + tail)
        assert reopened(path) == ([b"kept"], len(tail))


@given(st.lists(st.binary(min_size=1)), st.binary())
def test_any_bytes_behind_sound_records_leave_them_readable(payloads: list[bytes], tail: bytes) -> None:
    data = b"".join(map(record, payloads)) + tail
    found = [data[start:end] for start, end in records(data)]
    assert found[: len(payloads)] == payloads


def test_an_empty_record_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    with pytest.raises(ValueError, match="empty"):
        journal.append(b"")
    journal.close()


async def test_many_share_one_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = 0

    def count(fd: int) -> None:
        nonlocal syncs
        syncs += 1
        os.fsync(fd)

    monkeypatch.setattr(segments, "_datasync", count)
    journal = Journal(tmp_path / "j")

    async def client(number: int) -> None:
        for step in range(5):
            journal.append(b"%d %d" % (number, step))
            await journal.commit()

    await asyncio.gather(*map(client, range(200)))
    journal.close()
    assert len(reopened(tmp_path / "j")[0]) == 1000
    assert syncs <= 50


async def test_a_commit_covers_what_is_already_under_way(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(b"one")
    first = journal.commit()
    await asyncio.sleep(0)  # now it is on its way to the disk
    assert journal.commit() is first or first.done()
    await journal.commit()
    assert first.done()
    await journal.commit()  # nothing to do
    journal.close()


async def test_a_waiter_that_is_cancelled_takes_nobody_along(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(b"one")

    async def wait() -> None:
        await journal.commit()

    impatient, patient = asyncio.create_task(wait()), asyncio.create_task(wait())
    await asyncio.sleep(0)
    impatient.cancel()
    await patient
    with pytest.raises(asyncio.CancelledError):
        await impatient
    journal.close()


async def test_a_full_disk_acknowledges_nothing_and_loses_nothing_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(b"before")
    await journal.commit()
    size = journal.size

    def full(fd: int, data: memoryview) -> None:
        os.write(fd, data[:3])  # some of it fits, as on a real disk
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(segments, "_write_all", full)
        journal.append(b"during")
        with pytest.raises(JournalError, match="the disk is full"):
            await journal.commit()
        with pytest.raises(JournalError, match="the disk is full"):
            journal.commit_now()
    assert journal.size == size == (tmp_path / "j.000000").stat().st_size
    journal.append(b"after")
    await journal.commit()
    journal.close()
    assert reopened(tmp_path / "j") == ([b"before", b"during", b"after"], 0)


def test_a_full_disk_for_real(tmp_path: Path) -> None:
    """RLIMIT_FSIZE: the write stops in the middle, the file ends with its last whole record."""
    program = """
import resource, signal, sys
from pathlib import Path
from openami.aio.journal import Journal, JournalError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
journal = Journal(Path(sys.argv[1]))
journal.append(bytes([1]) * 600)
journal.commit_now()
journal.append(bytes([2]) * 600)
try:
    journal.commit_now()
except JournalError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "j")], capture_output=True, text=True, check=True
    )
    assert "file too large" in done.stdout
    assert reopened(tmp_path / "j") == ([b"\x01" * 600], 0)


async def test_a_disk_that_takes_nothing_stops_the_appending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openami.aio.journal.PENDING_LIMIT", 10)
    journal = Journal(tmp_path / "j")
    journal.append(b"eleven more")
    with pytest.raises(JournalError, match="does not keep up"):
        journal.append(b"x")
    journal.close()


async def test_rotation_leaves_snapshot_and_what_came_after(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    assert journal.snapshot is None
    for round_ in range(3):
        journal.append(b"before")
        journal.rotate(lambda file, text=b"state %d" % round_: file.write(text))
        journal.append(b"after %d" % round_)
    await journal.commit()
    journal.close()
    again = Journal(tmp_path / "j")
    assert again.snapshot is not None
    assert again.snapshot.read_bytes() == b"state 2"
    assert list(again.replay()) == [b"after 2"]
    again.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["j.000003", "j.000003.snapshot", "j.lock"]


async def test_records_go_on_while_a_snapshot_is_written_aside(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(b"old")

    def slow(file: BinaryIO) -> None:
        time.sleep(0.05)
        file.write(b"state with old")

    rotation = asyncio.create_task(journal.rotate_aside(slow))
    await asyncio.sleep(0.01)
    journal.append(b"new")
    await journal.commit()
    assert not rotation.done()
    await rotation
    journal.close()
    again = Journal(tmp_path / "j")
    assert again.snapshot is not None
    assert (again.snapshot.read_bytes(), list(again.replay())) == (b"state with old", [b"new"])
    again.close()


async def test_a_kill_before_the_snapshot_stands_loses_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(b"old")

    def fails(file: BinaryIO) -> None:
        file.write(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(JournalError, match="disk is full"):
        journal.rotate(fails)
    journal.append(b"new")
    journal.close()
    (tmp_path / "j.000001.tmp").write_bytes(b"what a kill leaves")
    again = Journal(tmp_path / "j")
    assert (again.snapshot, list(again.replay())) == (None, [b"old", b"new"])
    again.rotate(lambda file: file.write(b"both"))
    assert list(again.replay()) == []
    again.close()


def test_a_gap_and_damage_before_the_end_are_errors_not_losses(tmp_path: Path) -> None:
    (tmp_path / "j.000000").write_bytes(record(b"a") + b"rubbish")
    (tmp_path / "j.000001").write_bytes(record(b"b"))
    with pytest.raises(JournalError, match="damaged before its end"):
        Journal(tmp_path / "j")
    (tmp_path / "j.000001").rename(tmp_path / "j.000002")
    with pytest.raises(JournalError, match="missing"):
        Journal(tmp_path / "j")


def test_two_processes_cannot_have_one_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    with pytest.raises(JournalError, match="in use by another process"):
        Journal(tmp_path / "j")
    journal.close()
    Journal(tmp_path / "j").close()


WRITER = """
import asyncio, sys
from pathlib import Path
from openami.aio.journal import Journal

async def main():
    journal = Journal(Path(sys.argv[1]))
    number = sum(1 for _ in journal.replay())
    while True:
        journal.append(b"%08d" % number)
        await journal.commit()
        print(number, flush=True)
        number += 1

asyncio.run(main())
"""


def test_kill_at_any_moment_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    acknowledged = -1
    for round_ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "j")], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(40 + 7 * round_):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, writer.stdout.read().splitlines())])
        writer.wait()
        writer.stdout.close()
        kept, _ = reopened(tmp_path / "j")
        assert kept == [b"%08d" % n for n in range(len(kept))]
        assert len(kept) > acknowledged
