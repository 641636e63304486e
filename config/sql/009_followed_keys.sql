-- The place in the change feed up to which bases have followed the keys of their rows: what is told again changes nothing.

ALTER TABLE link ADD COLUMN followed VARCHAR(600) NULL COMMENT '[server, file, pos, part]' AFTER restored_n;
