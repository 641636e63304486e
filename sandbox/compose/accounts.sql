-- The rights of both accounts, and the account of the services; the database's first start runs this once.
-- tests/unit/stack compares the rights with those that the code names.
SET SESSION sql_log_bin = 0;
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE TEMPORARY TABLES,
  LOCK TABLES, CREATE VIEW, SHOW VIEW, TRIGGER, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, EVENT,
  SHOW DATABASES, PROCESS, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `twinsheet`@`%`;

-- With the password of the other account, which stands in compose's environment and not in a file.
SELECT CONCAT('CREATE USER `twinsheet_services`@`%` IDENTIFIED WITH ''', plugin, ''' AS 0x', HEX(authentication_string))
  INTO @made FROM mysql.user WHERE user = 'twinsheet' AND host = '%';
PREPARE made FROM @made;
EXECUTE made;
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `twinsheet_services`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX ON `twinsheet`.* TO `twinsheet_services`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO `twinsheet_services`@`%`;
REVOKE SELECT, INSERT, UPDATE, DELETE ON `mysql`.* FROM `twinsheet_services`@`%`;
