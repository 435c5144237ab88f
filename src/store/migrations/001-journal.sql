-- Times are microseconds since the epoch, prices ticks, quantities lots, money whole 10⁻⁸ of the quote asset.
-- A row names the instrument with the tick and step sizes that it was written with, so that old rows stay readable
-- when the exchange changes them.
CREATE TABLE instruments (
  id INTEGER PRIMARY KEY,
  symbol TEXT NOT NULL,
  tick_size TEXT NOT NULL,
  step_size TEXT NOT NULL,
  UNIQUE (symbol, tick_size, step_size)
) STRICT;

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  started_at INTEGER NOT NULL,
  stopped_at INTEGER
) STRICT;

CREATE TABLE intents (
  client_order_id TEXT PRIMARY KEY,
  trade TEXT NOT NULL,
  decision_id TEXT NOT NULL,
  source TEXT NOT NULL,
  instrument INTEGER NOT NULL REFERENCES instruments (id),
  side TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  stop_loss INTEGER NOT NULL,
  take_profit INTEGER,
  decision_mid_half_ticks INTEGER,
  hold_until INTEGER NOT NULL,
  time INTEGER NOT NULL
) STRICT;
CREATE INDEX intents_by_time ON intents (time);
CREATE INDEX intents_by_trade ON intents (trade);

CREATE TABLE orders (
  client_order_id TEXT PRIMARY KEY,
  trade TEXT NOT NULL,
  instrument INTEGER NOT NULL REFERENCES instruments (id),
  service TEXT NOT NULL,
  role TEXT NOT NULL,
  side TEXT NOT NULL,
  quantity INTEGER,
  price INTEGER,
  state TEXT NOT NULL,
  filled INTEGER NOT NULL,
  venue_id TEXT,
  time INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_by_trade ON orders (trade);
CREATE INDEX orders_by_time ON orders (time);

-- An execution is one, whatever source it came by and however often.
CREATE TABLE fills (
  symbol TEXT NOT NULL,
  trade_id TEXT NOT NULL,
  instrument INTEGER NOT NULL REFERENCES instruments (id),
  trade TEXT,
  client_order_id TEXT NOT NULL,
  side TEXT NOT NULL,
  price INTEGER NOT NULL,
  quantity INTEGER NOT NULL,
  commission INTEGER,
  commission_asset TEXT,
  maker INTEGER,
  time INTEGER NOT NULL,
  PRIMARY KEY (symbol, trade_id)
) STRICT;
CREATE INDEX fills_by_time ON fills (symbol, time);
CREATE INDEX fills_by_trade ON fills (trade);

CREATE TABLE positions (
  symbol TEXT PRIMARY KEY,
  instrument INTEGER NOT NULL REFERENCES instruments (id),
  trade TEXT,
  lots INTEGER NOT NULL,
  cost INTEGER NOT NULL,
  stop_loss INTEGER,
  time INTEGER NOT NULL
) STRICT;

CREATE TABLE trades (
  trade TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  instrument INTEGER NOT NULL REFERENCES instruments (id),
  side TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  entry_time INTEGER NOT NULL,
  exit_time INTEGER NOT NULL,
  entry_price REAL NOT NULL,
  exit_price REAL NOT NULL,
  gross_pnl INTEGER NOT NULL,
  fees INTEGER NOT NULL,
  net_pnl INTEGER NOT NULL,
  r REAL,
  adverse_ticks REAL NOT NULL,
  favourable_ticks REAL NOT NULL,
  slippage_ticks REAL,
  maker_share REAL NOT NULL,
  exit_reason TEXT NOT NULL
) STRICT;
CREATE INDEX trades_by_exit ON trades (exit_time);

-- `blocked` is JSON: a list of reason, measured, limit.
CREATE TABLE decisions (
  decision_id TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  instrument INTEGER NOT NULL REFERENCES instruments (id),
  direction TEXT NOT NULL,
  action TEXT NOT NULL,
  approved INTEGER NOT NULL,
  blocked TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT;
CREATE INDEX decisions_by_time ON decisions (time);

-- The last known state of the account; one row.
CREATE TABLE account (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  wallet INTEGER NOT NULL,
  equity INTEGER NOT NULL,
  time INTEGER NOT NULL
) STRICT;

-- `fields` is JSON.
CREATE TABLE logs (
  id INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  level TEXT NOT NULL,
  code TEXT NOT NULL,
  symbol TEXT,
  fields TEXT NOT NULL
) STRICT;
CREATE INDEX logs_by_time ON logs (time);
