package ledger

// tables is version 1 of the database; migrations make the later ones of it, so
// that a new ledger and an old one come to the same. Times are nanoseconds since 1970 UTC,
// lengths are nanoseconds.
//
// What changes often lies apart from what is written once, so that a commit
// touches few and small pages: progress has a task's state, tasks its
// definition. A batch is keyed by a number; its 8 hexadecimal digits are for
// people.
const tables = `
CREATE TABLE batches (
	key           INTEGER PRIMARY KEY,
	id            TEXT NOT NULL UNIQUE,
	name          TEXT NOT NULL,
	provider      TEXT NOT NULL,
	base_url      TEXT NOT NULL,
	opened_at     INTEGER NOT NULL,
	closed_at     INTEGER,
	halted        TEXT NOT NULL DEFAULT '',
	total         INTEGER NOT NULL DEFAULT 0,
	manifest_path TEXT NOT NULL,
	manifest      BLOB,
	complete      INTEGER NOT NULL DEFAULT 0 -- 0 while tasks are being added: invisible
) STRICT;

CREATE TABLE tasks (
	batch    INTEGER NOT NULL,
	position INTEGER NOT NULL,
	id       TEXT NOT NULL,
	template TEXT NOT NULL,
	row      BLOB,
	run      TEXT NOT NULL, -- fingerprints
	judge    TEXT NOT NULL,
	schema   TEXT NOT NULL, -- digest, '' for none
	agent    TEXT NOT NULL,
	timeout  INTEGER NOT NULL,
	text     TEXT NOT NULL,
	PRIMARY KEY (batch, position)
) STRICT;
CREATE UNIQUE INDEX tasks_id ON tasks (batch, id);

CREATE TABLE progress (
	batch    INTEGER NOT NULL,
	position INTEGER NOT NULL,
	state    TEXT NOT NULL,
	outcome  TEXT NOT NULL DEFAULT '',
	attempt  INTEGER NOT NULL DEFAULT 0, -- the newest
	PRIMARY KEY (batch, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
	batch       INTEGER NOT NULL,
	position    INTEGER NOT NULL,
	number      INTEGER NOT NULL,
	digest      TEXT NOT NULL,
	intended_at INTEGER NOT NULL,
	clock       INTEGER NOT NULL,          -- the service's clock minus ours
	rejected    INTEGER NOT NULL DEFAULT 0,
	message     TEXT NOT NULL DEFAULT '',
	run_id      TEXT,
	known_at    INTEGER,                   -- when we knew the run id
	stop_at     INTEGER,
	status      TEXT NOT NULL DEFAULT '',
	session_id  TEXT NOT NULL DEFAULT '',
	cause       TEXT,
	created_at  INTEGER,                   -- these three by the service's clock
	started_at  INTEGER,
	ended_at    INTEGER,
	PRIMARY KEY (batch, position, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX attempts_run ON attempts (run_id) WHERE run_id IS NOT NULL;

CREATE TABLE results (
	batch    INTEGER NOT NULL,
	position INTEGER NOT NULL,
	attempt  INTEGER NOT NULL,
	size     INTEGER NOT NULL,
	raw      BLOB, -- the bytes as they came, or
	file     TEXT, -- the side file that has them, relative to the state folder
	PRIMARY KEY (batch, position, attempt)
) STRICT;

CREATE TABLE verdicts (
	batch     INTEGER NOT NULL,
	position  INTEGER NOT NULL,
	outcome   TEXT NOT NULL,
	reason    TEXT NOT NULL,
	message   TEXT NOT NULL,
	signature TEXT NOT NULL,    -- the message without what differs between tasks
	leaked    INTEGER NOT NULL, -- how many secrets the result contains
	data      TEXT NOT NULL,    -- the whole verdict
	PRIMARY KEY (batch, position)
) STRICT, WITHOUT ROWID;

-- By batch, since a digest ignores the order of properties and reports do not:
-- a later batch may have the same schema in another order.
CREATE TABLE schemas (
	batch    INTEGER NOT NULL,
	digest   TEXT NOT NULL,
	position INTEGER, -- the first task that names it
	text     BLOB NOT NULL,
	PRIMARY KEY (batch, digest)
) STRICT;

CREATE TABLE agents (
	batch    INTEGER NOT NULL,
	id       TEXT NOT NULL,
	position INTEGER, -- the first task that is judged by the agent's schema
	read_at  INTEGER, -- NULL until agent.read
	schema   TEXT,    -- digest, NULL for none
	PRIMARY KEY (batch, id)
) STRICT;

CREATE TABLE events (
	seq      INTEGER PRIMARY KEY,
	batch    INTEGER NOT NULL,
	position INTEGER NOT NULL, -- -1 for events of the batch
	attempt  INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	kind     TEXT NOT NULL,
	data     TEXT NOT NULL
) STRICT;
CREATE INDEX events_batch ON events (batch);
`

// migrations are the steps from each version to the next: the first makes
// version 2 of version 1. None is ever changed once a release had it.
var migrations = [...]string{
	`ALTER TABLE batches ADD COLUMN selection TEXT NOT NULL DEFAULT ''`,

	// marker is what the request carried. echo names what of the request the
	// answer repeated, each word followed by a blank; NULL where that was not
	// compared. rejected is 2 where the create was sent and listings showed
	// that it made no run.
	`ALTER TABLE attempts ADD COLUMN marker TEXT NOT NULL DEFAULT '';
	ALTER TABLE attempts ADD COLUMN echo TEXT;
	CREATE INDEX attempts_echo ON attempts (known_at) WHERE echo IS NOT NULL;
	CREATE INDEX attempts_rejected ON attempts (batch) WHERE rejected = 1;
	CREATE INDEX progress_doubt ON progress (batch) WHERE state = 'unsure' OR outcome = 'unknown'`,

	// places has the order of a batch whose manifest was edited, and placed says
	// so; else a task's place is its position. gone is 1 for a task that the
	// manifest no longer has. An attempt has an outcome once another may follow
	// it, and the text and agent that were sent where they are not the task's.
	`ALTER TABLE batches ADD COLUMN label TEXT NOT NULL DEFAULT '';
	ALTER TABLE batches ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
	ALTER TABLE batches ADD COLUMN placed INTEGER NOT NULL DEFAULT 0;
	CREATE UNIQUE INDEX batches_label ON batches (name, label) WHERE label <> '' AND complete = 1;
	CREATE TABLE places (
		batch    INTEGER NOT NULL,
		place    INTEGER NOT NULL,
		position INTEGER NOT NULL,
		PRIMARY KEY (batch, place)
	) STRICT, WITHOUT ROWID;
	CREATE UNIQUE INDEX places_position ON places (batch, position);
	ALTER TABLE tasks ADD COLUMN grp TEXT NOT NULL DEFAULT '';
	ALTER TABLE tasks ADD COLUMN tags TEXT;
	ALTER TABLE tasks ADD COLUMN repeat TEXT;
	ALTER TABLE tasks ADD COLUMN repeats TEXT;
	CREATE INDEX tasks_repeats ON tasks (batch, repeats) WHERE repeats IS NOT NULL;
	ALTER TABLE tasks ADD COLUMN reuse TEXT;
	ALTER TABLE progress ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
	ALTER TABLE progress ADD COLUMN after INTEGER;
	ALTER TABLE progress ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
	ALTER TABLE progress ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;
	ALTER TABLE attempts ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
	ALTER TABLE attempts ADD COLUMN reason TEXT NOT NULL DEFAULT '';
	ALTER TABLE attempts ADD COLUMN stop_why TEXT NOT NULL DEFAULT '';
	ALTER TABLE attempts ADD COLUMN text TEXT;
	ALTER TABLE attempts ADD COLUMN agent TEXT;
	UPDATE attempts SET stop_why = 'deadline' WHERE stop_at IS NOT NULL;
	CREATE INDEX attempts_unknown ON attempts (batch) WHERE outcome = 'unknown'`,

	// params are the values of the manifest's parameters, a JSON object; NULL where
	// it declares none. whole has what became of the expectations of a batch as a
	// whole, NULL where they were not evaluated since it was last taken up. A task's
	// checks are named by digest, '' for none; hidden names the columns of its row whose cells are
	// secret, which are nowhere; skip says why the manifest buys nothing for it. A result's leaked
	// names the secrets that were ever found in it: their values may be others when
	// it is judged again, and its verdict is gone then.
	`ALTER TABLE batches ADD COLUMN params BLOB;
	ALTER TABLE batches ADD COLUMN whole TEXT;
	ALTER TABLE tasks ADD COLUMN matrix BLOB;
	ALTER TABLE tasks ADD COLUMN checks TEXT NOT NULL DEFAULT '';
	ALTER TABLE tasks ADD COLUMN hidden TEXT;
	ALTER TABLE tasks ADD COLUMN skip TEXT NOT NULL DEFAULT '';
	ALTER TABLE results ADD COLUMN leaked TEXT;
	UPDATE results SET leaked = json_extract(v.data, '$.leaked')
	FROM verdicts v JOIN progress p ON p.batch = v.batch AND p.position = v.position
	WHERE v.leaked > 0 AND results.batch = v.batch AND results.position = v.position AND results.attempt = p.attempt;
	CREATE TABLE checks (
		batch  INTEGER NOT NULL,
		digest TEXT NOT NULL,
		text   TEXT NOT NULL,
		PRIMARY KEY (batch, digest)
	) STRICT, WITHOUT ROWID;
	CREATE TABLE baselines ( -- a name keeps its batch from being deleted
		name   TEXT PRIMARY KEY,
		batch  INTEGER NOT NULL,
		set_at INTEGER NOT NULL
	) STRICT;
	-- Apart from the tasks, so that those of a new batch can be written in their own
	-- order once all are there: in that of a data file each would touch another page.
	CREATE TABLE ids (
		batch    INTEGER NOT NULL,
		id       TEXT NOT NULL,
		position INTEGER NOT NULL,
		PRIMARY KEY (batch, id)
	) STRICT, WITHOUT ROWID;
	INSERT INTO ids SELECT batch, id, position FROM tasks ORDER BY batch, id;
	DROP INDEX tasks_id;
	CREATE INDEX tasks_reuse ON tasks (batch) WHERE reuse IS NOT NULL;
	CREATE INDEX attempts_spent ON attempts (batch) WHERE outcome <> ''`,
}
