-- Of two scans between which no counter of the sheet moved, the one that began later is the newer.
-- A row that nobody knows is looked at again once a mistake of ours has been taken back.

ALTER TABLE link
  ADD COLUMN scans BIGINT NOT NULL DEFAULT 0 COMMENT 'number of the last scan that was begun' AFTER scanned_at,
  ADD COLUMN restored_n BIGINT NOT NULL DEFAULT 0 COMMENT 'number of the last write that took a mistake of ours back' AFTER settled_n;

ALTER TABLE row_base ADD COLUMN scan BIGINT NOT NULL DEFAULT 0 COMMENT 'with age: the scan that decided last' AFTER age;

-- [n, age, formula] becomes [n, age, scan, formula], where that has not happened yet.
UPDATE row_base SET stamps = REPLACE(REPLACE(stamps, ',1]', ',0,1]'), ',0]', ',0,0]')
  WHERE stamps RLIKE '\\[[0-9]+,[0-9]+,[01]]';

ALTER TABLE row_base MODIFY COLUMN stamps LONGTEXT NOT NULL COMMENT '{column: [n, age, scan, formula]}, left out where all are zero';

ALTER TABLE waiting_cell ADD COLUMN scan BIGINT NOT NULL DEFAULT 0 AFTER epoch;
