-- Rights inside the warehouse: the loader owns the schemas, the reader sees what is in `mart`. Repeatable.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON DATABASE warehouse FROM PUBLIC;
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE warehouse TO warehouse_loader;
GRANT CONNECT ON DATABASE warehouse TO warehouse_reader;
CREATE SCHEMA IF NOT EXISTS mart AUTHORIZATION warehouse_loader;
GRANT USAGE ON SCHEMA mart TO warehouse_reader;
-- Grants vanish with a replaced table or view: everything the loader creates in `mart` is readable from its birth.
ALTER DEFAULT PRIVILEGES FOR ROLE warehouse_loader IN SCHEMA mart GRANT SELECT ON TABLES TO warehouse_reader;
