-- What the users may do: the reader sees the shop's tables and holds the moment of a snapshot, nothing else.
GRANT ALL ON :database.* TO :admin;
-- The right to hold that moment: MariaDB reads the first comment, MySQL the second.
GRANT /*M! RELOAD */ /*!80023 FLUSH_TABLES */ ON *.* TO :reader;
-- Once for each table of schema.sql.
GRANT SELECT ON :database.:table TO :reader;
