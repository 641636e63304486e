-- History by months: an old one is dropped as a whole, and the next ones are made ahead (adapters/mysql_months.py).
-- Every unique key of a partitioned table holds the month: `once` guards within one, and the statement that the record
-- runs behind its entries (adapters/mysql_record.py) looks into the months before by the same key.
-- What belongs to one event, or to one transaction of the table, stands side by side in that key.
-- The months of what is there already are taken out of `later` when the services start.

ALTER TABLE history
  ADD COLUMN month INT UNSIGNED NOT NULL DEFAULT (EXTRACT(YEAR_MONTH FROM at)) COMMENT 'of `at`, as 202611',
  ADD COLUMN event_hash INT UNSIGNED GENERATED ALWAYS AS (CRC32(SUBSTRING_INDEX(SUBSTRING_INDEX(event, ' ', -1), '_', 2))) STORED
    COMMENT 'of the transaction behind the event or else of the event, alike for all parts of a paste',
  ADD COLUMN way VARCHAR(600) NULL COMMENT '[via, committed_at, received_at, queued_at]; NULL where none is known',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (month, at, id),
  ADD KEY by_id (id),
  DROP KEY of_cell,
  ADD KEY of_row (row_id, at, id, link, column_name),
  DROP KEY of_link,
  ADD KEY of_link (link, at, id),
  ADD KEY of_actor (actor, at, id, link),
  DROP KEY once,
  ADD UNIQUE KEY once (event_hash, once, month)
  PARTITION BY RANGE (month) (PARTITION later VALUES LESS THAN MAXVALUE);

-- Of what comes from now on: MariaDB takes a default before it knows `at`.
ALTER TABLE history ALTER COLUMN month SET DEFAULT (EXTRACT(YEAR_MONTH FROM CURRENT_TIMESTAMP(6)));
