-- A topic that was made anew under its name counts its messages from 0 again: an offset is worth nothing without the id.

ALTER TABLE consumed_offset
  ADD COLUMN topic_id VARCHAR(64) NULL COMMENT 'that next_offset belongs to; NULL where Kafka tells none' AFTER next_offset;
