-- A key that our own write changes in the table is ahead of the change feed: base tells which key the row had.

ALTER TABLE row_base
  ADD COLUMN former_key_json LONGTEXT NULL COMMENT 'as key_json; until the change feed has told of the new one';
