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
