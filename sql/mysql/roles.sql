-- The shop's database and its users; MariaDB runs it at every start (init_file), so it must be repeatable and
-- passwords follow `.env`. `:name` is filled in by deploy/processes/mariadb.py. One statement per line:
-- init_file asks for it.
CREATE DATABASE IF NOT EXISTS `:database` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
CREATE USER IF NOT EXISTS ':admin'@'%' IDENTIFIED BY ':admin_password';
ALTER USER ':admin'@'%' IDENTIFIED BY ':admin_password';
GRANT ALL ON `:database%`.* TO ':admin'@'%';
CREATE USER IF NOT EXISTS ':reader'@'%' IDENTIFIED BY ':reader_password';
ALTER USER ':reader'@'%' IDENTIFIED BY ':reader_password';
GRANT SELECT ON `:database%`.* TO ':reader'@'%';
GRANT RELOAD ON *.* TO ':reader'@'%';
