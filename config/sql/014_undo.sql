-- What people take back, until the table writer has done it, and the ids under which rows come back into the sheet.

CREATE TABLE kept_id (
  link     VARCHAR(64) NOT NULL,
  key_hash BINARY(32)  NOT NULL COMMENT 'SHA-256 of key_json',
  key_json LONGTEXT    NOT NULL COMMENT 'of the row in the table, canonical texts in key order',
  row_id   VARCHAR(64) NOT NULL COMMENT 'that the sheet is to show the row under again',
  PRIMARY KEY (link, key_hash),
  KEY of_row (link, row_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE undo_request (
  event    VARCHAR(64)  NOT NULL PRIMARY KEY COMMENT 'under which the history has it',
  link     VARCHAR(64)  NOT NULL,
  actor    VARCHAR(320) NOT NULL,
  asked_at DATETIME(6)  NOT NULL,
  KEY of_link (link, asked_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE undo_row (
  id      BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event   VARCHAR(64) NOT NULL,
  link    VARCHAR(64) NOT NULL,
  row_id  VARCHAR(64) NOT NULL,
  asked   LONGTEXT    NOT NULL COMMENT 'core.undo.AskedRow as JSON: what the row is to hold, and what it held when that was shown',
  outcome LONGTEXT    NULL COMMENT 'core.undo.RowOutcome as JSON',
  is_open BOOLEAN     NULL DEFAULT TRUE COMMENT 'NULL once it is decided',
  UNIQUE KEY of_event (event, row_id),
  KEY of_row (link, is_open, row_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
