-- What a person can mend the cause of a hold with, and whether its reason stands as a note in the sheet.

ALTER TABLE hold
  ADD COLUMN mend  LONGTEXT NULL COMMENT 'the statement that makes a dropped table again, as far as it is known' AFTER reason,
  ADD COLUMN shown BOOLEAN  NOT NULL DEFAULT FALSE COMMENT 'the reason stands, or may stand, as a note in the tab';
