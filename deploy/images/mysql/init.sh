#!/bin/bash
# The demo shop's database, its tables, its users and their rights; MySQL runs this once, on an empty volume.
set -euo pipefail

text() { local s=${1//\\/\\\\}; printf "'%s'" "${s//\'/\\\'}"; }
name() { printf '`%s`' "${1//\`/\`\`}"; }

# Passwords come last, so that nothing is substituted inside them.
fill() {
  local sql
  sql=$(</opt/shoplake/"$1")
  sql=${sql//:database/"$(name "$SHOP_MYSQL_DATABASE")"}
  sql=${sql//:table/"$(name "${2:-}")"}
  sql=${sql//:admin/"$(text "$SHOP_MYSQL_ADMIN_USER")@'%'"}
  sql=${sql//:reader/"$(text "$SHOP_MYSQL_USER")@'%'"}
  sql=${sql//:password_of_admin/"$(text "$SHOP_MYSQL_ADMIN_PASSWORD")"}
  printf '%s\n' "${sql//:password_of_reader/"$(text "$SHOP_MYSQL_PASSWORD")"}"
}

{
  fill users.sql
  cat /opt/shoplake/schema.sql
  sed -nE 's/^CREATE TABLE IF NOT EXISTS (\w+) .*/\1/p' /opt/shoplake/schema.sql \
    | while read -r table; do fill rights.sql "$table"; done
} | MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --no-defaults --socket=/var/run/mysqld/mysqld.sock -uroot
