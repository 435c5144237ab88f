-- Amounts of the session are in the quote asset, as numbers: they are measures, not books.
ALTER TABLE decisions ADD COLUMN confidence REAL;
ALTER TABLE decisions ADD COLUMN edge REAL;
-- JSON: a list of gate, verdict, measured, limit; in the order in which they ran.
ALTER TABLE decisions ADD COLUMN gates TEXT NOT NULL DEFAULT '[]';
-- JSON: what risk approved, with the steps of its size.
ALTER TABLE decisions ADD COLUMN approved_order TEXT;

-- Decisions not to trade, counted by minute and reason; `limit_value` is the last limit, the others what was measured.
CREATE TABLE no_trades (
  minute INTEGER NOT NULL,
  instrument INTEGER NOT NULL REFERENCES instruments (id),
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  count INTEGER NOT NULL,
  least REAL,
  median REAL,
  most REAL,
  limit_value REAL,
  time INTEGER NOT NULL,
  PRIMARY KEY (minute, instrument, source, reason)
) STRICT;

-- Limits, halts and cooldowns as they last stood, as JSON; one row.
CREATE TABLE session_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  state TEXT NOT NULL,
  equity REAL,
  time INTEGER NOT NULL
) STRICT;

-- `day` counts UTC days since the epoch.
CREATE TABLE session_days (
  day INTEGER PRIMARY KEY,
  start_equity REAL,
  equity REAL,
  peak_equity REAL,
  realised REAL NOT NULL,
  trades INTEGER NOT NULL,
  hold TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT;

-- `fields` is JSON.
CREATE TABLE risk_events (
  id INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  event TEXT NOT NULL,
  symbol TEXT,
  fields TEXT NOT NULL
) STRICT;
CREATE INDEX risk_events_by_time ON risk_events (time);
