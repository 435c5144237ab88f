-- Average entry in fractional ticks; null in rows of earlier versions.
ALTER TABLE positions ADD COLUMN entry REAL;
