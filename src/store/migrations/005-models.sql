-- What decision sources have learnt, as JSON: the last state of each symbol and source.
CREATE TABLE model_state (
  symbol TEXT NOT NULL,
  source TEXT NOT NULL,
  state TEXT NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (symbol, source)
) STRICT;
