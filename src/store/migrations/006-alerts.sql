-- What people are told; `fields` is JSON.
CREATE TABLE alerts (
  id TEXT PRIMARY KEY,
  time INTEGER NOT NULL,
  severity TEXT NOT NULL,
  code TEXT NOT NULL,
  symbol TEXT,
  episode TEXT NOT NULL,
  fields TEXT NOT NULL
) STRICT;
CREATE INDEX alerts_by_time ON alerts (time);

-- An alert's way through each channel: pending, delivered, refused or dropped.
CREATE TABLE alert_deliveries (
  alert TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
  channel TEXT NOT NULL,
  state TEXT NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (alert, channel)
) STRICT;
CREATE INDEX alert_deliveries_pending ON alert_deliveries (alert) WHERE state = 'pending';
