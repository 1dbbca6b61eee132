#!/bin/bash
# verify-receipt.sh RECEIPT LOG_KEY [WITNESS_KEY…] [CA.pem UNIXTIME]: with bash, coreutils, awk, xxd and openssl 3 alone (docs/EVIDENCE.md).
set -euo pipefail; R=$1 V=$2 CA='' at=''; T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; export LC_ALL=C; fail(){ echo "FAIL $1"; exit 1; }
blk(){ awk -v n="$1" -v k="${2:-1}" '$0=="-----END "n"-----"{p=0} p{print} $0=="-----BEGIN "n"-----"{p=++c==k}' "$R" | base64 -d || fail "$1"; }
H(){ openssl dgst -sha256 -r | cut -d' ' -f1; }; bin(){ xxd -r -p; }; hex(){ base64 -d | xxd -p -c64; }
[ "$(head -1 "$R")" = evidence-receipt/v1 ] || fail 'not a receipt'
[ "$(tail -1 "$R")" = "sha256 $(head -n -1 "$R" | H)" ] || fail 'receipt digest'; [ "$(tail -c 1 "$R" | xxd -p)" = 0a ] || fail 'receipt end'
blk 'EVIDENCE SALT' >"$T/salt"; blk 'EVIDENCE MANIFEST' >"$T/man"; blk 'EVIDENCE DISCLOSURE' >"$T/dis"; blk 'TLOG PROOF' >"$T/proof"
[ "$(stat -c %s "$T/salt")" = 32 ] || fail salt; [ "$(head -1 "$T/proof")" = c2sp.org/tlog-proof@v1 ] || fail proof
(printf 'evidence-commit/v1\n'; cat "$T/salt" "$T/man") >"$T/c" # the leaf: salted commitments to the manifest
(printf '\0EVL1'; H <"$T/c" | bin; openssl dgst -sm3 -r <"$T/c" | cut -d' ' -f1 | bin) >"$T/leaf"; r=$(H <"$T/leaf")
# It is in the tree whose root was signed (RFC 9162, 2.1.3.2).
awk 'e{print} /^$/{e=1}' "$T/proof" >"$T/cp"; sed '/^$/,$d' "$T/cp" >"$T/body"; root=$(sed -n 3p "$T/body" | hex)
size=$(sed -n 2p "$T/body"); [[ $size =~ ^[1-9][0-9]{0,17}$ ]] || fail size; sn=$((size - 1))
fn=$(awk '/^index /{print $2; exit}' "$T/proof"); index=$fn; [[ $fn =~ ^(0|[1-9][0-9]{0,17})$ && $fn -le $sn ]] || fail index
for p in $(awk '/^$/{exit} f{print} /^index /{f=1}' "$T/proof"); do q=$p p=$(hex <<<"$p"); [ "$(bin <<<"$p" | base64)" = "$q" ] && [ ${#p} = 64 ] && [ $sn != 0 ] || fail path
  if ((fn & 1)) || [ "$fn" = $sn ]; then r=$(bin <<<"01$p$r" | H); while ! ((fn & 1)) && [ "$fn" != 0 ]; do fn=$((fn >> 1)) sn=$((sn >> 1)); done
  else r=$(bin <<<"01$r$p" | H); fi; fn=$((fn >> 1)) sn=$((sn >> 1)); done; [ $sn = 0 ] && [ "$r" = "$root" ] || fail inclusion
# The log with this key signed it; each witness that is asked for cosigned it, with the time.
[ "$(sed -n 1p "$T/body")" = "${V%%+*}" ] || fail origin; shift 2
signed(){ local k=$1 what=$2 id ok=0; (bin <<<302a300506032b6570032100; cut -d+ -f3- <<<"$k" | base64 -d | tail -c 32) >"$T/pub"; id=$(cut -d+ -f2 <<<"$k")
  for s in $(awk -v n="${k%%+*}" '$1=="\xe2\x80\x94" && $2==n{print $3}' "$T/cp"); do base64 -d <<<"$s" >"$T/s"; [ "$(head -c4 "$T/s" | xxd -p)" = "$id" ] || continue
    [ "$(base64 -w0 <"$T/s")" = "$s" ] || fail "$what signature"; tail -c 64 "$T/s" >"$T/sig"; t=$((16#$(head -c12 "$T/s" | tail -c8 | xxd -p)))
    if [ "$what" = log ]; then cp "$T/body" "$T/m"; n=68; else (printf 'cosignature/v1\ntime %s\n' "$t"; cat "$T/body") >"$T/m"; n=76; fi
    [ "$(stat -c %s "$T/s")" = $n ] && openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$T/pub" -in "$T/m" -sigfile "$T/sig" >/dev/null 2>&1 || fail "$what signature"; ok=1; done
  [ $ok = 1 ] || fail "$what signature"; }
signed "$V" log; while [[ ${1:-} == *+* ]]; do signed "$1" witness; echo "witness ${1%%+*} $(date -u -d "@$t" +%FT%TZ)"; shift; done; [ $# = 0 ] || { CA=$1 at=$2; }
# Each value that is told is what the manifest commits to.
while read -r name salt value; do base64 -d <<<"$salt" >"$T/s"; base64 -d <<<"$value" >"$T/v"
  grep -qxF -- "$name $( (cat "$T/s"; printf '%s\0' "$name"; cat "$T/v") | H | bin | base64)" "$T/man" || fail "value $name"
  echo "$name $(base64 -w0 <"$T/s") $(base64 -w0 <"$T/v")" >>"$T/again"; echo "$name = $(cat "$T/v")"; done <"$T/dis"
[ ! -s "$T/dis" ] || cmp -s "$T/dis" "$T/again" || fail 'form of the values'
# Each time stamp is over the checkpoint and those before it, and judged as of the time of the next; the last as of UNIXTIME.
n=$(grep -cx -- '-----BEGIN TIMESTAMP TOKEN-----' "$R" || true) since=; [ "$n" = 0 ] || since=', time not checked'; [ -z "$CA" ] || [ "$n" != 0 ] || fail 'no time stamp'
for ((i = n; i > 0 && ${#CA}; i--)); do blk 'TIMESTAMP TOKEN' $i >"$T/tst"; (cat "$T/cp"; for ((j = 1; j < i; j++)); do blk 'TIMESTAMP TOKEN' $j; done) >"$T/over"
  openssl ts -verify -data "$T/over" -in "$T/tst" -token_in -CAfile "$CA" -attime "$at" >/dev/null 2>&1 || fail "time stamp $i"
  gen=$(openssl ts -reply -in "$T/tst" -token_in -text 2>/dev/null | sed -n 's/^Time stamp: //p'); since=", was there at $gen"; gen=$(date -d "$gen" +%s); ((gen <= at)) || fail "time of time stamp $i"; at=$gen; done
awk '/^[0-9]+\./{exit} NR>1{print}' "$T/man"; echo "OK leaf $index of $size$since"
