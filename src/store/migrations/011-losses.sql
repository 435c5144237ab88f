-- Trades that lost in a row, as of the newest row of `trades` and `risk_events`; one row.
CREATE TABLE loss_run (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  losses INTEGER NOT NULL
) STRICT;
-- In which order earlier versions told them is not kept: their times come closest.
INSERT INTO loss_run (id, losses)
SELECT 1, count(*) FROM trades
WHERE net_pnl < 0
  AND exit_time > coalesce((SELECT max(exit_time) FROM trades WHERE net_pnl >= 0), 0)
  AND exit_time > coalesce((
    SELECT max(time) FROM risk_events
    WHERE event = 'RESUMED' OR (
      event IN ('HALTED', 'SCALED', 'FLATTENING')
      AND CASE WHEN json_valid(fields) THEN fields ->> '$.by' END = 'run_of_losses'
    )
  ), 0);
