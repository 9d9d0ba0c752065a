#!/bin/bash
# The four roles and the database, made once when the cluster is new. Passwords are those in the addresses that the
# parts of Tipstaff connect with. What each role may do is granted by every `manage.py migrate`.
set -euo pipefail
export SECRETS="${SECRETS:-/run/secrets}"

# Fed by standard input, and read from files: a command line would show the passwords to every process.
psql -v ON_ERROR_STOP=1 --no-psqlrc --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set owner `sed 's|^[^:]*://[^:]*:\([^@]*\)@.*|\1|' "$SECRETS/owner_database_url"`
\set app `sed 's|^[^:]*://[^:]*:\([^@]*\)@.*|\1|' "$SECRETS/database_url"`
\set sequencer `sed 's|^[^:]*://[^:]*:\([^@]*\)@.*|\1|' "$SECRETS/sequencer_database_url"`
\set eraser `sed 's|^[^:]*://[^:]*:\([^@]*\)@.*|\1|' "$SECRETS/eraser_database_url"`
CREATE ROLE tipstaff_owner LOGIN PASSWORD :'owner';
CREATE ROLE tipstaff_app LOGIN PASSWORD :'app';
CREATE ROLE tipstaff_sequencer LOGIN PASSWORD :'sequencer';
CREATE ROLE tipstaff_eraser LOGIN PASSWORD :'eraser';
CREATE DATABASE tipstaff OWNER tipstaff_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT ON DATABASE tipstaff FROM PUBLIC;
GRANT CONNECT ON DATABASE tipstaff TO tipstaff_owner, tipstaff_app, tipstaff_sequencer, tipstaff_eraser;
\connect tipstaff
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS unaccent;
SQL
