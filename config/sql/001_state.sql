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
  scanned_at      DATETIME(6)  NULL,
  identical_as_of DATETIME(6)  NULL,
  updated_at      DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE row_base (
  link     VARCHAR(64)   NOT NULL,
  row_id   VARCHAR(64)   NOT NULL,
  key_hash BINARY(32)    NULL COMMENT 'SHA-256 of key_json; NULL when the row is gone',
  key_json LONGTEXT      NULL COMMENT 'canonical texts in key order',
  cells    LONGTEXT      NOT NULL COMMENT '{column: canonical text or null}',
  stamps   LONGTEXT      NOT NULL COMMENT '{column: [n, age, formula]}, left out where all are zero',
  gone     BOOLEAN       NOT NULL DEFAULT FALSE,
  n        BIGINT        NOT NULL DEFAULT 0,
  age      BIGINT        NOT NULL DEFAULT 0,
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

CREATE TABLE history (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
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
  KEY of_cell (link, row_id, column_name, id),
  once        BINARY(32)   NULL COMMENT 'SHA-256 of cell, event, side and what; NULL where no event is named',
  UNIQUE KEY once (once),
  KEY of_link (link, id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

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
  at           DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  KEY of_link (link, settled, id)
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
  UNIQUE KEY open_of_cell (link, row_id, column_name, is_open)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE hold (
  id          BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  link        VARCHAR(64) NOT NULL,
  guard       VARCHAR(64) NOT NULL,
  reason      TEXT        NOT NULL,
  at          DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  released_at DATETIME(6) NULL,
  KEY of_link (link, released_at)
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
  updated_at  DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE webhook_seen (
  link    VARCHAR(64)  NOT NULL,
  id      VARCHAR(128) NOT NULL,
  seen_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (link, id),
  KEY by_age (seen_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
