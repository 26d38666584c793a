-- A store as the first released schema left it. Never changed: it stands for what users have on their disks.
BEGIN TRANSACTION;
CREATE TABLE checkpoints (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, name TEXT NOT NULL, kind TEXT NOT NULL,
        epoch INTEGER NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL, size_bytes INTEGER NOT NULL,
        PRIMARY KEY (run, name)
    );
INSERT INTO "checkpoints" VALUES('20260101-120000-abcd','best','best',2,10,'{"val/accuracy": 0.75}',1000);
CREATE TABLE cursors (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, attempt INTEGER NOT NULL, source TEXT NOT NULL,
        seq INTEGER NOT NULL, unknown INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0,
        gaps INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (run, attempt, source)
    );
INSERT INTO "cursors" VALUES('20260101-120000-abcd',1,'supervision',2,0,0,0);
INSERT INTO "cursors" VALUES('20260101-120000-abcd',1,'worker',7,0,0,0);
CREATE TABLE exports (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, path TEXT NOT NULL, format TEXT NOT NULL,
        verified INTEGER NOT NULL, max_error REAL, size_bytes INTEGER NOT NULL, PRIMARY KEY (run, path)
    );
CREATE TABLE leases (
        run TEXT PRIMARY KEY REFERENCES runs (run) ON DELETE CASCADE, resource TEXT NOT NULL,
        exclusive INTEGER NOT NULL, since REAL NOT NULL
    );
CREATE TABLE metrics (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, name TEXT NOT NULL, class TEXT NOT NULL DEFAULT '',
        step INTEGER NOT NULL, attempt INTEGER NOT NULL, epoch INTEGER NOT NULL, scope TEXT NOT NULL,
        value REAL, PRIMARY KEY (run, name, class, step, attempt)
    ) WITHOUT ROWID;
INSERT INTO "metrics" VALUES('20260101-120000-abcd','val/accuracy','',5,1,1,'validation',0.5);
INSERT INTO "metrics" VALUES('20260101-120000-abcd','val/accuracy','',10,1,2,'validation',0.75);
INSERT INTO "metrics" VALUES('20260101-120000-abcd','val/f1','cat',10,1,2,'validation',0.25);
CREATE TABLE notices (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, attempt INTEGER NOT NULL, source TEXT NOT NULL,
        seq INTEGER NOT NULL, time REAL NOT NULL, level TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
        hint TEXT NOT NULL DEFAULT '', PRIMARY KEY (run, attempt, source, seq)
    );
CREATE TABLE phases (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, attempt INTEGER NOT NULL, name TEXT NOT NULL,
        edge TEXT NOT NULL, seconds REAL, message TEXT NOT NULL DEFAULT '', PRIMARY KEY (run, attempt, name)
    );
INSERT INTO "phases" VALUES('20260101-120000-abcd',1,'read_data','end',0.25,'');
CREATE TABLE queue (
        run TEXT PRIMARY KEY REFERENCES runs (run) ON DELETE CASCADE, position INTEGER NOT NULL,
        attempt INTEGER NOT NULL, resource TEXT
    );
INSERT INTO "queue" VALUES('20260101-130000-efgh',1,1,NULL);
CREATE TABLE results (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, folder TEXT NOT NULL, attempt INTEGER NOT NULL,
        split TEXT NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, checkpoint TEXT, metrics TEXT NOT NULL,
        PRIMARY KEY (run, folder)
    );
CREATE TABLE runs (
        run TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL, state TEXT NOT NULL,
        attempt INTEGER NOT NULL DEFAULT 1, epoch INTEGER NOT NULL DEFAULT 0, epochs INTEGER NOT NULL DEFAULT 0,
        step INTEGER NOT NULL DEFAULT 0, steps_total INTEGER NOT NULL DEFAULT 0, eta_s REAL, images_per_s REAL,
        best_metric TEXT, best_value REAL, best_epoch INTEGER, created TEXT NOT NULL, started REAL, ended REAL,
        failure TEXT, plugin TEXT NOT NULL, model TEXT NOT NULL DEFAULT '', task TEXT NOT NULL,
        dataset TEXT, dataset_version TEXT, preset TEXT, config TEXT NOT NULL DEFAULT '{}', parent TEXT,
        device TEXT, trashed INTEGER NOT NULL DEFAULT 0, tags TEXT NOT NULL DEFAULT '[]', notes TEXT NOT NULL DEFAULT ''
    );
INSERT INTO "runs" VALUES('20260101-120000-abcd','first','train','completed',1,0,2,0,0,NULL,NULL,'val/accuracy',0.75,2,'2026-01-01T12:00:00.000+00:00',1767268810.0,1767268817.0,NULL,'example_minimal','Minimal','classification',NULL,NULL,NULL,'{"epochs": 2}',NULL,'cpu',0,'[]','');
INSERT INTO "runs" VALUES('20260101-130000-efgh','second','train','queued',1,0,2,0,0,NULL,NULL,NULL,NULL,NULL,'2026-01-01T12:00:00.000+00:00',NULL,NULL,NULL,'example_minimal','Minimal','classification',NULL,NULL,NULL,'{"epochs": 2}',NULL,NULL,0,'[]','');
CREATE TABLE switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE INDEX runs_by_name ON runs (name);
COMMIT;
PRAGMA user_version = 1;
