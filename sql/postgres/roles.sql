-- The server's roles. Repeatable; passwords follow `.env`. Variables are written as psql's, filled in
-- by deploy/servers/postgres.py. Databases are made beside it, as CREATE DATABASE cannot stand in a transaction.
DO $$
DECLARE role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['warehouse_loader', 'warehouse_reader', 'airflow', 'superset'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', role);
    END IF;
  END LOOP;
END $$;
ALTER ROLE warehouse_loader PASSWORD :'warehouse_loader_password' CONNECTION LIMIT 20;
ALTER ROLE warehouse_reader PASSWORD :'warehouse_reader_password' CONNECTION LIMIT 20;
ALTER ROLE airflow PASSWORD :'airflow_db_password';
ALTER ROLE superset PASSWORD :'superset_db_password';
-- What reads dashboards can neither write nor hold the server up.
ALTER ROLE warehouse_reader SET default_transaction_read_only = on;
ALTER ROLE warehouse_reader SET statement_timeout = '30s';
ALTER ROLE warehouse_reader SET idle_in_transaction_session_timeout = '60s';
-- A killed scheduler's executor processes live on and keep its connections open, rows locked in them: no
-- later scheduler could go on.
ALTER ROLE airflow SET idle_in_transaction_session_timeout = '60s';
