-- A base remembers what the table has taken of an edit that our own write has replaced, until the sheet shows it.

ALTER TABLE row_base MODIFY COLUMN stamps LONGTEXT NOT NULL COMMENT '{column: [n, age, scan, formula, owed]}, owed only where there is something, the column left out where all are zero';
