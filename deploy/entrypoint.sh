#!/bin/sh
# Runs sendtrail with the secrets that files hold: NAME_FILE=/run/secrets/x becomes NAME.
set -eu

from_file() {
    eval "file=\${$1_FILE:-}"
    if [ -n "$file" ]; then
        value=$(cat "$file")
        export "$1=$value"
        unset "$1_FILE"
    fi
}

from_file SENDTRAIL_MASTER_KEY
from_file SENDTRAIL_DATABASE_URL
from_file PGPASSWORD
exec sendtrail "$@"
