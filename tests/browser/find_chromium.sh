#!/bin/sh
# Make sure there is a Chromium for the browser tests; on Debian and Ubuntu install it.
for name in "${UDVIZ_CHROMIUM:-chromium}" chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null 2>&1 &&
    $as_root apt-get update -qq && $as_root apt-get install -y -qq chromium >/dev/null; then
    exit 0
fi
echo "The browser tests need Chromium or Chrome. Install it, or set UDVIZ_CHROMIUM to its path." >&2
exit 1
