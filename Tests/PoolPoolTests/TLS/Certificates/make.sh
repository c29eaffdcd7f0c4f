#!/bin/sh
# Makes every certificate and key of this folder anew. Needs OpenSSL 3.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

new_key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# issue CERTIFICATE KEY SUBJECT EXTENSIONS FROM UNTIL [SIGNER_CERTIFICATE SIGNER_KEY]; self-signed without a signer.
issue() {
    : >"$work/index"
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\nrand_serial=yes\n[p]\ncommonName=supplied\norganizationName=optional\n[e]\n%s\n' \
        "$work/index" "$work" "$4" >"$work/configuration"
    openssl req -new -key "$2" -subj "$3" -out "$work/request"
    signer=${7:+"-cert $7 -keyfile $8"}
    # shellcheck disable=SC2086
    openssl ca -batch -notext -config "$work/configuration" -extensions e -in "$work/request" -out "$1" \
        -startdate "$5" -enddate "$6" ${signer:--selfsign -keyfile $2} 2>"$work/log" || { cat "$work/log"; exit 1; }
}

authority='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign'
here='subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'
from=20200101000000Z
until=21260101000000Z

new_key "$work/authority.key"
new_key "$work/intermediate.key"
new_key server-key.pem
issue authority.pem "$work/authority.key" "/O=Test Mining/CN=Test Authority" "$authority" $from $until
issue "$work/intermediate.pem" "$work/intermediate.key" "/O=Test Mining/CN=Test Intermediate" "$authority" $from $until \
    authority.pem "$work/authority.key"

# server NAME SUBJECT EXTENSIONS FROM UNTIL: signed by the intermediate, which follows it in the file.
server() {
    issue "$work/leaf.pem" server-key.pem "$2" "$3" "$4" "$5" "$work/intermediate.pem" "$work/intermediate.key"
    cat "$work/leaf.pem" "$work/intermediate.pem" >"$1.pem"
}
server server "/CN=localhost" "$here" $from $until
server expired "/CN=localhost" "$here" $from 20210101000000Z
server future "/CN=localhost" "$here" 21250101000000Z $until
server other-name "/CN=pool" "subjectAltName=DNS:a.example,DNS:b.example,IP:192.0.2.1" $from $until
server common-name "/CN=old.example" "keyUsage=digitalSignature" $from $until

openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out self-signed-key.pem
issue self-signed.pem self-signed-key.pem "/CN=localhost" "$here" $from $until
openssl pkcs8 -topk8 -in server-key.pem -passout pass:secret -out encrypted-key.pem
