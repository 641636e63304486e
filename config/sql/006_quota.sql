-- Calls to Google of the last minute, which all processes together keep inside Google's quota (core/quota.py).

CREATE TABLE quota (
  project VARCHAR(190)          NOT NULL COMMENT 'of Google Cloud',
  kind    ENUM('read', 'write') NOT NULL,
  version BIGINT UNSIGNED       NOT NULL DEFAULT 0 COMMENT 'goes up with every change: who changes names the one it knows',
  ledger  MEDIUMTEXT            NOT NULL COMMENT 'JSON; times are this server\'s',
  PRIMARY KEY (project, kind)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
