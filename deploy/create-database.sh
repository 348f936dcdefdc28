#!/bin/sh
# Runs once, when the PostgreSQL container makes its data: an ordinary login for Sendtrail, which owns its database and
# may make roles. Nothing of Sendtrail connects as a superuser.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username=postgres --dbname=postgres \
    --set=password="$(cat "${DATABASE_PASSWORD_FILE:-/run/secrets/database_password}")" <<'SQL'
CREATE ROLE sendtrail LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE sendtrail OWNER sendtrail;
SQL
