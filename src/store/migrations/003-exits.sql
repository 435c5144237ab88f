-- JSON: the exit rules that a trade was opened with; null in rows of earlier versions.
ALTER TABLE intents ADD COLUMN exits TEXT;
ALTER TABLE intents ADD COLUMN second_target INTEGER;

ALTER TABLE trades ADD COLUMN funding INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trades ADD COLUMN arrival_slippage_ticks REAL;

-- Each move of a stop, always towards less risk.
CREATE TABLE trailing_stops (
  id INTEGER PRIMARY KEY,
  trade TEXT NOT NULL,
  instrument INTEGER NOT NULL REFERENCES instruments (id),
  from_level INTEGER NOT NULL,
  to_level INTEGER NOT NULL,
  cause TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT;
CREATE INDEX trailing_stops_by_trade ON trailing_stops (trade);

-- What `orders` went through: a row for each change.
CREATE TABLE order_changes (
  id INTEGER PRIMARY KEY,
  client_order_id TEXT NOT NULL,
  trade TEXT NOT NULL,
  quantity INTEGER,
  price INTEGER,
  state TEXT NOT NULL,
  filled INTEGER NOT NULL,
  time INTEGER NOT NULL
) STRICT;
CREATE INDEX order_changes_by_trade ON order_changes (trade);
