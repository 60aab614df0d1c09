-- The shop's database and its users, for MySQL and MariaDB. Repeatable; passwords follow `.env`. Blanks are filled in
-- by deploy/servers/mysql.py (`make demo`, at every start) and deploy/images/mysql/init.sh (`make up`, on an empty
-- volume). schema.sql and rights.sql follow.
CREATE DATABASE IF NOT EXISTS :database CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
CREATE USER IF NOT EXISTS :admin IDENTIFIED BY :password_of_admin;
ALTER USER :admin IDENTIFIED BY :password_of_admin;
CREATE USER IF NOT EXISTS :reader IDENTIFIED BY :password_of_reader;
ALTER USER :reader IDENTIFIED BY :password_of_reader;
USE :database;
