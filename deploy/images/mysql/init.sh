#!/bin/bash
# The demo shop's database, its owner and its reader; MySQL runs this once, on an empty volume.
# The reader may see the shop's tables and hold the moment of a snapshot, nothing else.
set -euo pipefail

ask() { MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --no-defaults --socket=/var/run/mysqld/mysqld.sock -uroot "$@"; }
text() { local s=${1//\\/\\\\}; printf "'%s'" "${s//\'/\\\'}"; }
name() { printf '`%s`' "${1//\`/\`\`}"; }

database=$(name "$SHOP_MYSQL_DATABASE")
reader="$(text "$SHOP_MYSQL_USER")@'%'"
admin="$(text "$SHOP_MYSQL_ADMIN_USER")@'%'"

ask <<SQL
CREATE DATABASE $database CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
CREATE USER $admin IDENTIFIED BY $(text "$SHOP_MYSQL_ADMIN_PASSWORD");
CREATE USER $reader IDENTIFIED BY $(text "$SHOP_MYSQL_PASSWORD");
GRANT ALL ON $database.* TO $admin;
GRANT FLUSH_TABLES ON *.* TO $reader;
SQL
ask "$SHOP_MYSQL_DATABASE" </opt/shoplake/schema.sql
tables=$(ask -N "$SHOP_MYSQL_DATABASE" -e 'SHOW TABLES')
for table in $tables; do
  echo "GRANT SELECT ON $database.$(name "$table") TO $reader;"
done | ask
