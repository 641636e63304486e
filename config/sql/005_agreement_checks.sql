-- What the continuous comparison of tab and table has found, beside the moment as of which they were identical.

ALTER TABLE link ADD COLUMN differing BIGINT NOT NULL DEFAULT 0 COMMENT 'cells that differ unexplained' AFTER identical_as_of;
