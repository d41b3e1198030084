"""What a restart of the monitor must not lose, as it is stored."""

from __future__ import annotations

import msgspec

from tests.core.made import mb
from tray_app.core.alerts.job_leak import JobLeakState, JobSize, RetainedMemory
from tray_app.core.analysis.jobs import Job, Measured
from tray_app.core.model.readings import Now, Source, TempUsage
from tray_app.core.monitor.carried import Carried

AT = Now(1000.0, 1_795_000_000.0)
JOB = Job(
    3,
    AT,
    AT,
    before=Measured(mb(100), Source.API),
    peak_bytes=mb(900),
    sources=frozenset({Source.API, Source.PROCESS}),
    stages=("frames",),
)
LIFE = Carried(
    4711,
    1_794_000_000.25,
    AT,
    peak_bytes=mb(900),
    jobs=(JOB,),
    count=3,
    leak=JobLeakState(
        quiet=((990.0, mb(100)),),
        row=(mb(60), mb(70)),
        row_jobs=2,
        row_bytes=mb(130),
        sizes=(JobSize(10.0, mb(800), 1, 2),),
        temp=TempUsage(1, 2, 3.0),
        kept=RetainedMemory(JOB, mb(100), mb(70)),
    ),
)


def test_all_of_it_can_be_stored() -> None:
    """As plain values, and back."""
    stored = msgspec.msgpack.encode(LIFE)
    assert msgspec.msgpack.decode(stored, type=Carried) == LIFE


def test_a_version_with_other_fields_can_read_it() -> None:
    """What it does not know is left out, and what is missing is unknown."""
    plain = msgspec.to_builtins(LIFE)
    del plain["leak"], plain["peak_bytes"]
    told = msgspec.convert({**plain, "newer": 1}, Carried)
    assert (told.pid, told.peak_bytes, told.leak) == (4711, None, JobLeakState())
