-- A search of one link for a column, a side or a word passes over entries that are not meant without reading them.

ALTER TABLE history
  DROP KEY of_link,
  ADD KEY of_link (link, at, id, column_name, side, what);
