"""The tables of the store's SQLite file, as the steps that led to them."""

# One script per schema version. A released script is never changed: a new one is added.
MIGRATIONS = (
    """
    CREATE TABLE model_names (
        folded TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        last_version INTEGER NOT NULL  -- numbers of dropped versions are not used again
    ) WITHOUT ROWID;
    CREATE TABLE model_versions (
        folded TEXT NOT NULL REFERENCES model_names,
        version INTEGER NOT NULL,
        created TEXT NOT NULL,
        run TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        manifest TEXT NOT NULL,
        PRIMARY KEY (folded, version)
    ) WITHOUT ROWID;
    CREATE TABLE leftovers (folder TEXT PRIMARY KEY) WITHOUT ROWID;

    CREATE TABLE runs (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        program TEXT NOT NULL,
        command TEXT NOT NULL,
        resumed TEXT NOT NULL,
        started REAL NOT NULL,
        finished REAL,
        outcome TEXT NOT NULL
    );
    CREATE TABLE steps (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        number INTEGER NOT NULL,
        operation TEXT NOT NULL,
        title TEXT NOT NULL,
        target TEXT NOT NULL,
        place TEXT NOT NULL,
        static_hash TEXT NOT NULL,
        key TEXT NOT NULL,
        known TEXT NOT NULL,
        threads INTEGER NOT NULL,
        memory INTEGER NOT NULL,
        started REAL,
        finished REAL,
        peak_memory INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        code TEXT NOT NULL,
        message TEXT NOT NULL,
        outputs TEXT NOT NULL,
        source TEXT NOT NULL,
        log TEXT NOT NULL,
        PRIMARY KEY (run, name)
    ) WITHOUT ROWID;
    CREATE INDEX steps_by_target ON steps (operation, target, finished);
    CREATE TABLE metrics (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        step TEXT NOT NULL,
        model TEXT NOT NULL,
        version INTEGER,
        round INTEGER,
        name TEXT NOT NULL,
        value REAL
    );
    CREATE INDEX metrics_by_run ON metrics (run);
    CREATE TABLE lineage (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        step TEXT NOT NULL,
        direction TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        fingerprint TEXT NOT NULL
    );
    CREATE INDEX lineage_by_run ON lineage (run);

    CREATE TABLE reuse (
        key TEXT PRIMARY KEY,
        outputs TEXT NOT NULL,
        run TEXT NOT NULL,
        used REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX reuse_by_use ON reuse (used);
    """,
    """
    ALTER TABLE model_versions ADD COLUMN folder TEXT NOT NULL DEFAULT '';
    UPDATE model_versions SET folder = folder_name(
        (SELECT name FROM model_names WHERE model_names.folded = model_versions.folded)
    ) || '/' || version;
    CREATE TABLE model_aliases (
        folded TEXT NOT NULL,
        alias TEXT NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (folded, alias),
        FOREIGN KEY (folded, version) REFERENCES model_versions ON UPDATE CASCADE
    ) WITHOUT ROWID;
    CREATE TABLE model_tags (
        folded TEXT NOT NULL,
        version INTEGER NOT NULL,
        tag TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (folded, version, tag),
        FOREIGN KEY (folded, version) REFERENCES model_versions
            ON UPDATE CASCADE ON DELETE CASCADE
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE runs DROP COLUMN command;
    """,
    """
    CREATE TABLE attempts (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        step TEXT NOT NULL,
        number INTEGER NOT NULL,
        finished REAL NOT NULL,
        seconds REAL NOT NULL,
        kind TEXT NOT NULL,
        code TEXT NOT NULL,
        message TEXT NOT NULL
    );
    CREATE INDEX attempts_by_run ON attempts (run);
    """,
    """
    CREATE TABLE placements (
        run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
        engine TEXT NOT NULL,
        namespace TEXT NOT NULL,
        api_version TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE jobs (
        folded TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        schedule TEXT NOT NULL,
        timezone TEXT NOT NULL,
        condition TEXT NOT NULL,
        program TEXT NOT NULL,
        dialect TEXT NOT NULL,
        created REAL NOT NULL,
        next REAL,
        started REAL,
        finished REAL,
        run TEXT NOT NULL DEFAULT '',
        outcome TEXT NOT NULL DEFAULT '',
        message TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE attempts ADD COLUMN memory INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE attempts ADD COLUMN peak_memory INTEGER NOT NULL DEFAULT 0;
    """,
    """
    CREATE TABLE drivers (
        run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
        host TEXT NOT NULL,
        process INTEGER NOT NULL,
        began INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE receipts (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        step TEXT NOT NULL,
        outputs TEXT NOT NULL,
        PRIMARY KEY (run, step)
    ) WITHOUT ROWID;
    CREATE INDEX runs_by_resumed ON runs (resumed);
    """,
    """
    CREATE TABLE artifacts (
        key TEXT PRIMARY KEY,
        workflow TEXT NOT NULL,
        step TEXT NOT NULL,
        run TEXT NOT NULL,
        files TEXT NOT NULL,
        size INTEGER NOT NULL,
        seconds REAL NOT NULL,
        added REAL NOT NULL,
        used REAL NOT NULL,
        uses INTEGER NOT NULL,
        floor REAL NOT NULL,
        score REAL NOT NULL,
        pinned INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE artifact_readers (
        key TEXT NOT NULL,
        reader TEXT NOT NULL,
        PRIMARY KEY (key, reader)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE doings (
        static_hash TEXT PRIMARY KEY,
        operation TEXT NOT NULL,
        target TEXT NOT NULL,
        step TEXT NOT NULL,
        made_of TEXT NOT NULL,
        met TEXT NOT NULL,
        used REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX doings_by_target ON doings (operation, target, used);
    CREATE INDEX doings_by_use ON doings (used);
    """,
    "ALTER TABLE runs ADD COLUMN author TEXT NOT NULL DEFAULT ''",
)
