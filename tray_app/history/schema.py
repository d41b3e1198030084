"""The tables of a history file, and how an older file becomes a newer one.

Times are whole milliseconds of Unix time; memory is in bytes; NULL is unknown. ``user_version`` in
the file's head is the number of steps that it has had.
"""

from __future__ import annotations

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE samples (
        at_ms INTEGER PRIMARY KEY,
        interval_ms INTEGER NOT NULL,
        source TEXT NOT NULL,
        memory INTEGER,
        cpu REAL,
        descriptors INTEGER,
        available INTEGER,
        temp INTEGER,
        band TEXT NOT NULL,
        level TEXT NOT NULL,
        activity TEXT NOT NULL,
        stage TEXT NOT NULL,
        processes BLOB
    );
    CREATE TABLE spans (
        length_ms INTEGER NOT NULL,
        from_ms INTEGER NOT NULL,
        count INTEGER NOT NULL,
        least INTEGER,
        mean REAL,
        most INTEGER,
        mean_cpu REAL,
        most_cpu REAL,
        least_available INTEGER,
        most_descriptors INTEGER,
        most_temp INTEGER,
        watched_ms INTEGER NOT NULL,
        busy_ms INTEGER NOT NULL,
        PRIMARY KEY (length_ms, from_ms)
    ) WITHOUT ROWID;
    CREATE TABLE jobs (
        started_ms INTEGER PRIMARY KEY,
        ended_ms INTEGER NOT NULL,
        number INTEGER NOT NULL,
        before INTEGER,
        peak INTEGER,
        after INTEGER,
        kept INTEGER,
        stages TEXT NOT NULL,
        lost INTEGER NOT NULL
    );
    CREATE TABLE alerts (
        id INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        kind TEXT NOT NULL,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        fate TEXT NOT NULL
    );
    CREATE INDEX alerts_at ON alerts (at_ms);
    CREATE TABLE servers (
        id INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        what TEXT NOT NULL,
        pid INTEGER NOT NULL,
        name TEXT NOT NULL
    );
    CREATE TABLE gaps (
        from_ms INTEGER PRIMARY KEY,
        to_ms INTEGER NOT NULL,
        why TEXT NOT NULL
    );
    """,
    """
    CREATE TABLE incidents (
        opened_ms INTEGER PRIMARY KEY,
        ends_ms INTEGER NOT NULL,
        record BLOB NOT NULL,
        whole BLOB
    );
    CREATE TABLE incident_parts (
        id INTEGER PRIMARY KEY,
        opened_ms INTEGER NOT NULL,
        kind TEXT NOT NULL,
        data BLOB NOT NULL
    );
    """,
    """
    CREATE TABLE lives (
        pid INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        peak INTEGER,
        carried BLOB NOT NULL,
        PRIMARY KEY (pid, created_ms)
    );
    """,
    """
    ALTER TABLE alerts ADD COLUMN level TEXT NOT NULL DEFAULT '';
    UPDATE alerts SET kind = CASE kind
        WHEN 'LevelReached' THEN CASE
            WHEN title LIKE 'Raised:%' OR title LIKE 'Still raised:%' THEN 'raised'
            WHEN title LIKE 'High:%' OR title LIKE 'Still high:%' THEN 'high'
            WHEN title LIKE 'Critical:%' OR title LIKE 'Still critical:%' THEN 'critical'
            ELSE 'forecast' END
        WHEN 'ForecastWithdrawn' THEN 'forecast_withdrawn'
        WHEN 'Recovered' THEN 'normal'
        WHEN 'MachineShort' THEN 'machine_short'
        WHEN 'MachineEased' THEN 'machine_eased'
        WHEN 'ServerExit' THEN 'gone'
        WHEN 'ServerReturn' THEN 'back'
        WHEN 'WorkerReplacement' THEN 'worker_replaced'
        WHEN 'ChildKilled' THEN 'process_killed'
        WHEN 'Hang' THEN 'hung'
        WHEN 'Answering' THEN 'answers'
        WHEN 'Leak' THEN 'leak'
        WHEN 'IdleGrowth' THEN 'growth'
        WHEN 'LeftoverFiles' THEN 'temp_files'
        WHEN 'DiskFull' THEN 'disk_full'
        WHEN 'RoomAgain' THEN 'room'
        ELSE kind END;
    UPDATE servers SET what = 'started' WHERE what = 'returned';
    """,
)
VERSION = len(STEPS)
MINUTE_MS = 60_000
HOUR_MS = 3_600_000

ROLL_UP_SAMPLES = """
    INSERT OR REPLACE INTO spans
    SELECT :length, at_ms - at_ms % :length, count(memory), min(memory), avg(memory), max(memory),
        avg(cpu), max(cpu), min(available), max(descriptors), max(temp),
        min(sum(interval_ms), :length), min(sum(interval_ms * (activity <> 'idle')), :length)
    FROM samples WHERE at_ms >= :from AND at_ms < :to
    GROUP BY at_ms - at_ms % :length
"""
ROLL_UP_MINUTES = """
    INSERT OR REPLACE INTO spans
    SELECT :length, from_ms - from_ms % :length, sum(count), min(least),
        sum(mean * count) / max(sum(count), 1), max(most), avg(mean_cpu), max(most_cpu),
        min(least_available), max(most_descriptors), max(most_temp),
        sum(watched_ms), sum(busy_ms)
    FROM spans WHERE length_ms = 60000 AND from_ms >= :from AND from_ms < :to
    GROUP BY from_ms - from_ms % :length
"""
