-- The state of section 10: what both sides shared, what waits, what was decided.
-- Works on MySQL 8.4 and later and on MariaDB 10.11 and later. A statement ends with ';' at the end of a line.
-- JSON stands in LONGTEXT: both servers then give back exactly the text that was written (MySQL's JSON type makes
-- doubles of large numbers), and the binlog carries it as text.
-- Times are UTC. The words of an observation, a conflict and the history are core's; no ENUM repeats them.

CREATE TABLE link (
  name            VARCHAR(64)  NOT NULL PRIMARY KEY,
  spreadsheet_id  VARCHAR(128) NOT NULL,
  sheet_id        BIGINT       NOT NULL,
  tab             VARCHAR(200) NOT NULL,
  table_schema    VARCHAR(64)  NOT NULL,
  table_name      VARCHAR(64)  NOT NULL,
  state           ENUM('linking', 'live', 'paused', 'held') NOT NULL DEFAULT 'linking',
  reason          TEXT         NULL,
  epoch           BIGINT       NOT NULL DEFAULT 0 COMMENT 'grows with every writer that takes the link over',
  n               BIGINT       NOT NULL DEFAULT 0 COMMENT 'number of the last write to the sheet that was begun',
  settled_n       BIGINT       NOT NULL DEFAULT 0 COMMENT 'number of the last one that is known to have landed',
  restored_n      BIGINT       NOT NULL DEFAULT 0 COMMENT 'number of the last write that took a mistake of ours back',
  followed        VARCHAR(600) NULL COMMENT '[server, file, pos, part, anew] of the change feed (core.renames.FeedPlace): bases have followed the keys of their rows up to there',
  known           LONGTEXT     NULL COMMENT 'core.known.KnownColumns as JSON: a new column is offered, a new key is noticed',
  scanned_at      DATETIME(6)  NULL,
  scans           BIGINT       NOT NULL DEFAULT 0 COMMENT 'number of the last scan that was begun',
  first_scans     BIGINT       NOT NULL DEFAULT 1 COMMENT 'number of the last look of the first scan: what it tells of stood there before the link',
  identical_as_of DATETIME(6)  NULL,
  differing       BIGINT       NOT NULL DEFAULT 0 COMMENT 'cells that differ unexplained, as of the last comparison',
  updated_at      DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Of two scans between which no counter of the sheet moved, the one that began later is the newer: hence scan beside age.
CREATE TABLE row_base (
  link            VARCHAR(64) NOT NULL,
  row_id          VARCHAR(64) NOT NULL,
  key_hash        BINARY(32)  NULL COMMENT 'SHA-256 of key_json; NULL when the row is gone',
  key_json        LONGTEXT    NULL COMMENT 'canonical texts in key order',
  cells           LONGTEXT    NOT NULL COMMENT '{column: canonical text or null}',
  stamps          LONGTEXT    NOT NULL COMMENT '{column: [n, age, scan, formula, owed]}, owed only where there is something, the column left out where all are zero; one such list where all columns share it',
  gone            BOOLEAN     NOT NULL DEFAULT FALSE,
  n               BIGINT      NOT NULL DEFAULT 0,
  age             BIGINT      NOT NULL DEFAULT 0,
  scan            BIGINT      NOT NULL DEFAULT 0 COMMENT 'with age: the scan that decided last',
  former_key_json LONGTEXT    NULL COMMENT 'as key_json, where our own write has changed the key, [] where it has inserted the row: until the change feed has told of that',
  PRIMARY KEY (link, row_id),
  UNIQUE KEY row_of_key (link, key_hash)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE waiting_cell (
  link        VARCHAR(64)  NOT NULL,
  row_id      VARCHAR(64)  NOT NULL,
  column_name VARCHAR(64)  NOT NULL,
  cell        LONGTEXT     NOT NULL COMMENT '{value, formula}',
  n           BIGINT       NOT NULL,
  q           BIGINT       NOT NULL,
  epoch       BIGINT       NOT NULL,
  scan        BIGINT       NOT NULL DEFAULT 0,
  source      VARCHAR(16)  NOT NULL,
  edited_at   DATETIME(6)  NULL,
  actor       VARCHAR(320) NOT NULL DEFAULT '',
  event       VARCHAR(128) NOT NULL DEFAULT '',
  base        LONGTEXT     NULL,
  sheet_row   BIGINT       NULL,
  reason      VARCHAR(32)  NOT NULL,
  since       DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (link, row_id, column_name)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE write_intent (
  link       VARCHAR(64) NOT NULL PRIMARY KEY COMMENT 'one write at a time',
  n          BIGINT      NOT NULL,
  epoch      BIGINT      NOT NULL,
  plan       LONGTEXT    NOT NULL,
  created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Notes and backgrounds that Twinsheet has put on cells of the sheet: what is shown, and what was there before.
CREATE TABLE cell_mark (
  link          VARCHAR(64)   NOT NULL,
  row_id        VARCHAR(64)   NOT NULL,
  column_name   VARCHAR(64)   NOT NULL,
  text          VARCHAR(2000) NOT NULL COMMENT 'our part of the note',
  colour_before VARCHAR(64)   NULL COMMENT 'the cell\'s own background; NULL for none',
  is_sure       BOOLEAN       NOT NULL COMMENT 'Google has said that it landed',
  at            DATETIME(6)   NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (link, row_id, column_name)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- History by months: an old one is dropped as a whole, and the next ones are made ahead (adapters/mysql_months.py).
-- Every unique key of a partitioned table holds the month: `once` guards within one, and the statement that the record
-- runs behind its entries (adapters/mysql_record.py) looks into the months before by the same key.
-- What belongs to one event, or to one transaction of the table, stands side by side in that key.
-- A search of one link for a column, a side or a word passes over entries that are not meant without reading them.
-- The month has a default of its own: MariaDB takes a default before it knows `at`.
CREATE TABLE history (
  id          BIGINT       NOT NULL AUTO_INCREMENT,
  link        VARCHAR(64)  NOT NULL,
  row_id      VARCHAR(64)  NOT NULL,
  key_json    LONGTEXT     NULL,
  column_name VARCHAR(64)  NULL COMMENT 'NULL: the whole row came or went',
  old_value   LONGTEXT     NULL,
  new_value   LONGTEXT     NULL,
  side        VARCHAR(16)  NOT NULL COMMENT 'where the value came from',
  actor       VARCHAR(320) NOT NULL DEFAULT '',
  what        VARCHAR(16)  NOT NULL DEFAULT 'applied',
  edited_at   DATETIME(6)  NULL,
  at          DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  event       VARCHAR(128) NOT NULL DEFAULT '',
  once        BINARY(32)   NULL COMMENT 'SHA-256 of cell, event, side and what; NULL where no event is named',
  month       INT UNSIGNED NOT NULL DEFAULT (EXTRACT(YEAR_MONTH FROM CURRENT_TIMESTAMP(6))) COMMENT 'of `at`, as 202611',
  event_hash  INT UNSIGNED GENERATED ALWAYS AS (CRC32(SUBSTRING_INDEX(SUBSTRING_INDEX(event, ' ', -1), '_', 2))) STORED
    COMMENT 'of the transaction behind the event or else of the event, alike for all parts of a paste',
  way         VARCHAR(600) NULL COMMENT '[via, committed_at, received_at, queued_at]; NULL where none is known',
  PRIMARY KEY (month, at, id),
  KEY by_id (id),
  KEY of_row (row_id, at, id, link, column_name),
  KEY of_actor (actor, at, id, link),
  KEY of_link (link, at, id, column_name, side, what),
  UNIQUE KEY once (event_hash, once, month)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
  PARTITION BY RANGE (month) (PARTITION later VALUES LESS THAN MAXVALUE);

CREATE TABLE conflict (
  id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  link         VARCHAR(64)  NOT NULL,
  row_id       VARCHAR(64)  NOT NULL,
  key_json     LONGTEXT     NULL,
  column_name  VARCHAR(64)  NULL COMMENT 'NULL: the row itself (deleted on one side, changed on the other)',
  base_value   LONGTEXT     NULL,
  sheet_value  LONGTEXT     NULL,
  table_value  LONGTEXT     NULL,
  winner       VARCHAR(16)  NOT NULL,
  rule         VARCHAR(200) NOT NULL,
  sheet_at     DATETIME(6)  NULL,
  table_at     DATETIME(6)  NULL,
  time_guessed BOOLEAN      NOT NULL DEFAULT FALSE,
  sheet_actor  VARCHAR(320) NOT NULL DEFAULT '',
  event        VARCHAR(128) NOT NULL DEFAULT '',
  settled      BOOLEAN      NOT NULL DEFAULT TRUE,
  choice       LONGTEXT     NULL COMMENT '{take, value, actor, at, event, was}: what a person has chosen, until the table writer has carried it out',
  at           DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  KEY of_link (link, settled, id),
  KEY of_cell (link, row_id, column_name, id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE rejection (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  link        VARCHAR(64)  NOT NULL,
  row_id      VARCHAR(64)  NOT NULL,
  key_json    LONGTEXT     NULL,
  column_name VARCHAR(64)  NOT NULL,
  value       LONGTEXT     NULL,
  reason      TEXT         NOT NULL,
  actor       VARCHAR(320) NOT NULL DEFAULT '',
  event       VARCHAR(128) NOT NULL DEFAULT '',
  at          DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  mended_at   DATETIME(6)  NULL,
  is_open     BOOLEAN      NULL DEFAULT TRUE COMMENT 'NULL once mended: only one may be open per cell',
  UNIQUE KEY open_of_cell (link, row_id, column_name, is_open),
  KEY open_of_link (link, is_open)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE hold (
  id          BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  link        VARCHAR(64) NOT NULL,
  guard       VARCHAR(64) NOT NULL,
  reason      TEXT        NOT NULL,
  mend        LONGTEXT    NULL COMMENT 'the statement that makes a dropped table again, as far as it is known',
  shown       BOOLEAN     NOT NULL DEFAULT FALSE COMMENT 'the reason stands, or may stand, as a note in the tab',
  at          DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  released_at DATETIME(6) NULL,
  KEY of_link (link, released_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Alerts that begin and end, and whether the user's webhook has been told so (core/alerts.py).
CREATE TABLE alert (
  id            BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  link          VARCHAR(64)  NOT NULL,
  kind          VARCHAR(32)  NOT NULL,
  message       TEXT         NOT NULL,
  began_at      DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  ended_at      DATETIME(6)  NULL,
  is_open       BOOLEAN      NULL DEFAULT TRUE COMMENT 'NULL once ended: only one of a link and kind may stand',
  begin_told_at DATETIME(6)  NULL,
  end_told_at   DATETIME(6)  NULL,
  tries         INT          NOT NULL DEFAULT 0 COMMENT 'in a row that failed',
  next_try_at   DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6) COMMENT 'also while somebody is at it',
  UNIQUE KEY standing (link, kind, is_open),
  KEY untold (end_told_at, next_try_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What people take back, until the table writer has done it, and the ids under which rows come back into the sheet.
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

CREATE TABLE kept_id (
  link     VARCHAR(64) NOT NULL,
  key_hash BINARY(32)  NOT NULL COMMENT 'SHA-256 of key_json',
  key_json LONGTEXT    NOT NULL COMMENT 'of the row in the table, canonical texts in key order',
  row_id   VARCHAR(64) NOT NULL COMMENT 'that the sheet is to show the row under again',
  PRIMARY KEY (link, key_hash),
  KEY of_row (link, row_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The outbox: rows written here in a transaction are published to Kafka by the binlog reader,
-- in commit order with the changes of the tables.
CREATE TABLE outbox (
  id    BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  link  VARCHAR(64) NOT NULL,
  topic VARCHAR(64) NOT NULL,
  body  LONGTEXT    NOT NULL,
  at    DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  KEY by_age (at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE consumed_offset (
  consumer_group  VARCHAR(64) NOT NULL,
  topic           VARCHAR(64) NOT NULL,
  partition_no    INT         NOT NULL,
  next_offset     BIGINT      NULL COMMENT 'NULL: claimed, nothing stored yet',
  topic_id        VARCHAR(64) NULL COMMENT 'that next_offset belongs to: a topic made anew counts from 0; NULL where Kafka tells none',
  owner           VARCHAR(64) NOT NULL COMMENT 'the process that holds the partition; another one is fenced off',
  updated_at      DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (consumer_group, topic, partition_no)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE binlog_position (
  reader      VARCHAR(64)  NOT NULL PRIMARY KEY,
  server_uuid VARCHAR(64)  NOT NULL,
  file        VARCHAR(255) NOT NULL,
  position    BIGINT       NOT NULL,
  gtid_set    LONGTEXT     NULL,
  beginning   BIGINT       NOT NULL COMMENT 'of the reading, from which on files and positions count in one order; later ones are higher',
  updated_at  DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE webhook_seen (
  link    VARCHAR(64)  NOT NULL,
  id      VARCHAR(128) NOT NULL,
  seen_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (link, id),
  KEY by_age (seen_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Calls to Google of the last minute, which all processes together keep inside Google's quota (core/quota.py).
CREATE TABLE quota (
  project VARCHAR(190)          NOT NULL COMMENT 'of Google Cloud',
  kind    ENUM('read', 'write') NOT NULL,
  version BIGINT UNSIGNED       NOT NULL DEFAULT 0 COMMENT 'goes up with every change: who changes names the one it knows',
  ledger  MEDIUMTEXT            NOT NULL COMMENT 'JSON; times are this server\'s',
  PRIMARY KEY (project, kind)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
