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
