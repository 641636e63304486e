-- What a person has chosen to end a conflict with, kept until the table writer has carried it out, and with it then.

ALTER TABLE conflict
  ADD COLUMN choice LONGTEXT NULL COMMENT '{take, value, actor, at, event, was}; NULL where nobody has chosen' AFTER settled,
  ADD KEY of_cell (link, row_id, column_name, id);
