-- A large tab is read in pieces, each with a number of its own: rows that any of the first scan's pieces tells of stood
-- there before the link.

ALTER TABLE link
  ADD COLUMN first_scans BIGINT NOT NULL DEFAULT 1 COMMENT 'number of the last look of the first scan' AFTER scans;
