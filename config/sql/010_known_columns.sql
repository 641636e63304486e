-- What is remembered of a link's columns, so that a new one is offered and a new key is noticed.

ALTER TABLE link ADD COLUMN known LONGTEXT NULL COMMENT 'core.known.KnownColumns as JSON' AFTER followed;
