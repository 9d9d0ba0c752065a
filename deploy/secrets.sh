#!/bin/sh
# Makes deploy/secrets/ for compose.yaml: keys, passwords and addresses, one a file. What is there already stays.
# The files can be read by all, because containers read them as users of their own; the directory only by its owner.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets

random() { head -c 36 /dev/urandom | base64 | tr '+/' '-_'; }
keep() {  # name, content
  [ -s "secrets/$1" ] && return
  printf '%s' "$2" > "secrets/$1.new"
  chmod 444 "secrets/$1.new"
  mv "secrets/$1.new" "secrets/$1"
  echo "made secrets/$1"
}

keep secret_key "$(random)"
keep vault_key "$(random)"
keep link_key "$(random)"
keep webhook_key "$(random)"
keep metrics_token "$(random)"
keep postgres_password "$(random)"
keep database_url "postgres://tipstaff_app:$(random)@postgres:5432/tipstaff"
keep owner_database_url "postgres://tipstaff_owner:$(random)@postgres:5432/tipstaff"
keep sequencer_database_url "postgres://tipstaff_sequencer:$(random)@postgres:5432/tipstaff"
keep eraser_database_url "postgres://tipstaff_eraser:$(random)@postgres:5432/tipstaff"
[ -s secrets/broker_url ] || rm -f secrets/valkey_conf
password=$(random)
keep valkey_conf "requirepass $password"
keep broker_url "redis://:$password@valkey:6379/0"
keep email_url "smtp+tls://user:password@mail.example:587"

if ! [ -s secrets/tls_key ] && ! command -v openssl >/dev/null; then
  echo "Put a certificate and its key into secrets/tls_certificate and secrets/tls_key."
elif ! [ -s secrets/tls_key ]; then
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=tipstaff" \
    -keyout secrets/tls_key.new -out secrets/tls_certificate.new 2>/dev/null
  chmod 444 secrets/tls_key.new secrets/tls_certificate.new
  mv secrets/tls_certificate.new secrets/tls_certificate
  mv secrets/tls_key.new secrets/tls_key
  echo "made secrets/tls_certificate and tls_key, which no browser trusts: put your own there"
fi
echo "Now put the address of your mail server into secrets/email_url, and keep a copy of vault_key and link_key safe."
