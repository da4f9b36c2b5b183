package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
)

// application marks a database as ours: PRAGMA application_id.
const application = 0x50656e51

// steps bring a database from each form to the next. What was released is never
// changed: a new form is a new step.
var steps = []string{`
CREATE TABLE meta (
	name  TEXT PRIMARY KEY,
	value
) WITHOUT ROWID;

-- A version of a model.
CREATE TABLE series (
	id      INTEGER PRIMARY KEY,
	model   TEXT NOT NULL,
	version TEXT NOT NULL,
	UNIQUE (model, version)
);

-- What its outputs are. One version may have had several.
CREATE TABLE shape (
	id          INTEGER PRIMARY KEY,
	kind        TEXT NOT NULL,
	classes     TEXT NOT NULL, -- JSON
	width       INTEGER NOT NULL,
	label_width INTEGER NOT NULL,
	UNIQUE (kind, classes, width, label_width)
);

-- Labelled outcomes of one series, or, without one, the activity of a batch. Times
-- are Unix nanoseconds, both ends included.
CREATE TABLE chunk (
	seq            INTEGER PRIMARY KEY AUTOINCREMENT,
	series         INTEGER,
	shape          INTEGER,
	rows           INTEGER NOT NULL,
	bytes          INTEGER NOT NULL,
	predicted_from INTEGER NOT NULL,
	predicted_to   INTEGER NOT NULL,
	labelled_from  INTEGER NOT NULL,
	labelled_to    INTEGER NOT NULL,
	data           BLOB NOT NULL
);
CREATE INDEX chunk_age ON chunk (predicted_to, predicted_from, rows, bytes);
CREATE INDEX chunk_series ON chunk (series, predicted_to, predicted_from, labelled_to, labelled_from, rows);
CREATE INDEX chunk_small ON chunk (series, shape, seq, rows, labelled_from, labelled_to) WHERE rows < 8192;

-- What rows add up to, by the time of the prediction (late = 0) or of the label (1),
-- over span seconds from at, in Unix seconds.
CREATE TABLE minute (
	series INTEGER NOT NULL,
	late   INTEGER NOT NULL,
	span   INTEGER NOT NULL,
	at     INTEGER NOT NULL,
	tally  BLOB NOT NULL,
	PRIMARY KEY (series, late, span, at)
) WITHOUT ROWID;

CREATE TABLE caller_hour (
	series   INTEGER NOT NULL,
	late     INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	caller   TEXT NOT NULL,
	labelled INTEGER NOT NULL,
	correct  INTEGER NOT NULL,
	PRIMARY KEY (series, late, at, caller)
) WITHOUT ROWID;

CREATE TABLE slice_hour (
	series   INTEGER NOT NULL,
	late     INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	slice    INTEGER NOT NULL,
	labelled INTEGER NOT NULL,
	correct  INTEGER NOT NULL,
	PRIMARY KEY (series, late, at, slice)
) WITHOUT ROWID;

-- Truth × prediction of an hour: the cells that are not 0, as varints.
CREATE TABLE cell (
	series INTEGER NOT NULL,
	late   INTEGER NOT NULL,
	at     INTEGER NOT NULL,
	shape  INTEGER NOT NULL,
	cells  BLOB NOT NULL,
	PRIMARY KEY (series, late, at, shape)
) WITHOUT ROWID;

CREATE TABLE event (
	seq     INTEGER PRIMARY KEY,
	at      INTEGER NOT NULL,
	kind    TEXT NOT NULL,
	model   TEXT NOT NULL,
	version TEXT NOT NULL,
	text    TEXT NOT NULL
);
CREATE INDEX event_at ON event (at);
`}

// migrate takes every step that the database has not taken, each with its number in
// one transaction.
func migrate(ctx context.Context, db *sql.DB) error {
	version, err := formOf(ctx, db)
	if err != nil {
		return err
	}
	for n := version; n < len(steps); n++ {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		change := fmt.Sprintf("%s; PRAGMA application_id = %d; PRAGMA user_version = %d", steps[n], application, n+1)
		if _, err := tx.ExecContext(ctx, change); err != nil {
			_ = tx.Rollback()
			return fmt.Errorf("step to form %d: %w", n+1, err)
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// formOf is the form of a database, 0 of a new one.
func formOf(ctx context.Context, db *sql.DB) (int, error) {
	var version, owner, tables int
	for _, one := range []struct {
		ask  string
		into *int
	}{
		{"PRAGMA user_version", &version},
		{"PRAGMA application_id", &owner},
		{"SELECT count(*) FROM sqlite_schema", &tables},
	} {
		if err := db.QueryRowContext(ctx, one.ask).Scan(one.into); err != nil {
			return 0, err
		}
	}
	switch {
	case version == 0 && tables == 0:
		return 0, nil
	case owner != application:
		return 0, new(ForeignError)
	case version > len(steps):
		return 0, &VersionError{Version: version, Known: len(steps)}
	}
	return version, nil
}

// identify reads what was drawn when the database was made, or draws it.
func (s *Store) identify(ctx context.Context) error {
	var drawn [2][16]byte
	for i, name := range []string{"id", "key"} {
		_, _ = rand.Read(drawn[i][:]) // never fails
		if _, err := s.write.ExecContext(ctx, "INSERT OR IGNORE INTO meta VALUES (?, ?)", name, drawn[i][:]); err != nil {
			return err
		}
		var value []byte
		if err := s.write.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", name).Scan(&value); err != nil {
			return err
		}
		if copy(drawn[i][:], value) != len(drawn[i]) {
			return errors.New("the table meta is damaged; bring back a copy of the database, or use another folder")
		}
	}
	s.id, s.key = hex.EncodeToString(drawn[0][:]), drawn[1]
	return nil
}
